import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { CommandError, root, run } from '../../build/command.ts';

/** The types of Grafana's authors, with the words of their enumerations as JSON has them. */
const types = `
import type * as schema from '@grafana/schema';
import type * as chart from '@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen.d.ts';

type Plain<T> = unknown extends T
  ? T
  : T extends string
    ? \`\${T}\`
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;

type Own<T, Known> = Plain<Omit<T, keyof Known>> & Plain<Known>;

type Chart = Own<
  schema.Panel,
  {
    type: 'timeseries';
    options: chart.Options;
    fieldConfig: {
      defaults: Omit<schema.FieldConfig, 'custom'> & { custom: chart.FieldConfig };
      overrides: never[];
    };
    targets: (schema.DataQuery & { expr: string; legendFormat: string; range: boolean })[];
  }
>;
type Row = Own<schema.RowPanel, { type: 'row'; panels: never[] }>;
type Board = Own<schema.Dashboard, { panels: unknown }> & { panels: (Chart | Row)[] };
`;

/** What must not pass, or the check says nothing. */
const spoilings: readonly [is: string, was: string][] = [
  ['"showPoints":"sometimes"', '"showPoints":"auto"'],
  ['"displayMode":"tables"', '"displayMode":"table"'],
  ['"gridPos":{"left":0,', '"gridPos":{"x":0,'],
  ['"graphTooltip":7', '"graphTooltip":1'],
  ['"timezones":', '"timezone":'],
];

/**
 * Throws when a dashboard is not what Grafana's schema of its version says, which exists as types of
 * TypeScript alone: they become constants of these types, and the compiler judges.
 */
export async function checkDashboards(files: readonly string[]): Promise<void> {
  const boards = await Promise.all(
    // On one line each, so that it is the line that is told.
    files.map(async (file) => JSON.stringify(JSON.parse(await readFile(file, 'utf8')))),
  );
  const lines = boards.map((board, at) => `export const b${at}: Board = ${board};`);
  for (const [at, [is, was]] of spoilings.entries()) {
    const board = boards.find((candidate) => candidate.includes(was));
    if (board === undefined) throw new Error(`no dashboard has ${was}`);
    lines.push('// @ts-expect-error', `export const s${at}: Board = ${board.replace(was, is)};`);
  }
  // Beside the packages that the types come from.
  const directory = `${root}.cache/dashboards-${process.pid}`;
  await mkdir(directory, { recursive: true });
  try {
    await writeFile(`${directory}/boards.ts`, `${types}\n${lines.join('\n')}\n`);
    const options = '--noEmit --strict --skipLibCheck --module nodenext --target es2023';
    await run('tsc', [...options.split(' '), `${directory}/boards.ts`]);
  } catch (error) {
    if (error instanceof CommandError) throw new Error(error.output.slice(0, 2000));
    throw error;
  } finally {
    await rm(directory, { recursive: true });
  }
}
