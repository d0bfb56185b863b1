import { endsWithin, errorText, type Clock } from '../../lib/runtime/index.ts';
import type { PacketDump } from '../dump/index.ts';
import { writeDiagnostics } from './diagnostics-file.ts';
import { composeDiagnostics, type DiagnosticsSources } from './diagnostics.ts';

/** A file of a support packet; the server adds it under this name as it is. */
export interface SupportFile {
  name: string;
  body: Uint8Array;
}

// The server adds files under their names as they are, beside those of all other plugins.
const folder = 'mattermost-plugin-metrics';
const archiveName = `${folder}/tsdb_dump.tar.gz`;
const reasonName = `${folder}/why-no-metrics.txt`;
const diagnosticsName = `${folder}/diagnostics.yaml`;

/** How long each answer is waited for: diagnostics must not hang where something hangs. */
const answerMs = 5_000;

/** What is asked when a packet is made; each may reject or never answer. */
export type SupportQuestions = {
  [Name in AskedFor]: () => Promise<DiagnosticsSources[Name]>;
};

type AskedFor = 'license' | 'status' | 'targets' | 'gaps' | 'cardinality';

/** What is known without asking. */
export type SupportFacts = Omit<DiagnosticsSources, AskedFor | 'untold' | 'dump'>;

/** The plugin's part of a support packet. Never rejects and never waits for long. */
export async function supportFiles(
  clock: Clock,
  dump: PacketDump,
  facts: SupportFacts,
  questions: SupportQuestions,
): Promise<SupportFile[]> {
  const untold: { what: string; reason: string }[] = [];
  const ask = async <Name extends AskedFor>(name: Name) => {
    try {
      return await within(clock, questions[name]());
    } catch (error) {
      untold.push({ what: name, reason: errorText(error) });
      return undefined;
    }
  };
  const [license, status, targets, gaps, cardinality] = await Promise.all([
    ask('license'),
    ask('status'),
    ask('targets'),
    ask('gaps'),
    ask('cardinality'),
  ]);
  const told = { license, status, targets, gaps, cardinality };
  const values = composeDiagnostics({ ...facts, ...told, dump, untold });
  const diagnostics = {
    name: diagnosticsName,
    body: await writeDiagnostics(headOf(dump, facts), values),
  };
  return [metricsOf(dump), diagnostics];
}

function metricsOf({ archive, failure }: PacketDump): SupportFile {
  if (archive !== undefined) return { name: archiveName, body: archive.body };
  const lines = [
    'The Metrics plugin could not add metrics to this support packet.',
    '',
    ...(failure === undefined ? [] : [failure.message, `${failure.code}: ${failure.detail}`, '']),
    `What the plugin knows of itself is in ${diagnosticsName}.`,
    'A dump can be made in System Console: Plugins, Metrics, Download metrics dump.',
  ];
  return { name: reasonName, body: new TextEncoder().encode(`${lines.join('\n')}\n`) };
}

/** What a person reads first. */
function headOf({ archive, failure, reductions }: PacketDump, facts: SupportFacts): string[] {
  const { hostName, nowMs, pluginVersion } = facts;
  const at = new Date(nowMs).toISOString();
  const metrics =
    archive === undefined
      ? [`There are no metrics beside it: ${failure?.message ?? 'none were asked for.'}`]
      : [
          `The metrics are beside it, in tsdb_dump.tar.gz; README.md in there says how to open them.`,
        ];
  return [
    `What the Metrics plugin ${pluginVersion} on ${hostName} knew of itself at ${at}.`,
    ...metrics,
    ...reductions,
    'Times are UTC. It holds no secrets. Its fields: docs/format/diagnostics.md of the plugin.',
  ];
}

/** Rejects when there is no answer in time. */
async function within<Answer>(clock: Clock, answer: Promise<Answer>): Promise<Answer> {
  if (await endsWithin(clock, answerMs, answer)) return answer;
  throw new NoAnswer();
}

class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly code = 'SUPPORT_NO_ANSWER';

  constructor() {
    super(`There was no answer within ${String(answerMs / 1000)} s.`);
  }
}
