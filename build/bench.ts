// `make bench`: prints a table and writes dist/bench.json. usage: bench.ts [measure ...]
import { mkdir, writeFile } from 'node:fs/promises';
import { measureDemoProfile } from '../test/bench/demo-profile.ts';
import { measureBundle, measureHandshake } from '../test/bench/executable.ts';
import { table, type Measure } from '../test/bench/measure.ts';
import { root } from './command.ts';

/** What is measured together, by the names of its measures. */
const groups: { names: string[]; run: () => Promise<Measure[]> }[] = [
  { names: ['handshake'], run: async () => [await measureHandshake()] },
  { names: ['bundle'], run: async () => [await measureBundle()] },
  { names: ['first-sample', 'memory-demo', 'slice-demo'], run: measureDemoProfile },
];

const wanted = process.argv.slice(2);
const measures: Measure[] = [];
for (const { names, run } of groups) {
  if (wanted.length > 0 && !names.some((name) => wanted.includes(name))) continue;
  measures.push(...(await run()));
}
console.log(table(measures));
await mkdir(`${root}dist`, { recursive: true });
await writeFile(`${root}dist/bench.json`, `${JSON.stringify(measures, null, 2)}\n`);
