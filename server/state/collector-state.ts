import { cardinality, gap, nodeStatus, targetList } from '../../api/answers.ts';
import type { Cardinality, Target } from '../../api/index.ts';
import { fields, list, nullable, record, text, type Reader } from '../../api/read.ts';
import type { CollectedFacts } from '../dump/index.ts';
import type { NodeStatus } from '../status.ts';

/** What a node asks the collecting one for with `state.get`; ranges are half-open. */
export type StateAsk =
  | { what: 'status' | 'targets' | 'cardinality' }
  | { what: 'collected' | 'gaps'; fromMs: number; toMs: number };

/** What the collecting node can be asked for. */
export interface StateSource {
  status(): Promise<NodeStatus>;
  targets(): Target[];
  cardinality(): Cardinality | undefined;
  collected(range: { fromMs: number; toMs: number }): CollectedFacts;
}

/** The answer to what another node asked; it may have any shape. Throws when it makes no sense. */
export async function answerAsk(ask: unknown, source: StateSource): Promise<unknown> {
  const { what, fromMs, toMs } = (ask ?? {}) as Readonly<Record<string, unknown>>;
  switch (what) {
    case 'status':
      return await source.status();
    case 'targets':
      return { targets: source.targets() };
    case 'cardinality':
      return source.cardinality() ?? null;
    case 'collected':
    case 'gaps': {
      if (typeof fromMs !== 'number' || typeof toMs !== 'number') throw new UnknownAsk();
      const facts = source.collected({ fromMs, toMs });
      return what === 'gaps' ? facts.gaps : facts;
    }
    default:
      throw new UnknownAsk();
  }
}

/** Another node asked this one for what only the collecting node has. */
export class NotCollecting extends Error {
  override readonly name = 'NotCollecting';
  readonly code = 'CLUSTER_NOT_COLLECTING';

  constructor(host: string) {
    super(`Node ${host} does not collect.`);
  }
}

/** A question of another version of the plugin. */
class UnknownAsk extends Error {
  override readonly name = 'UnknownAsk';
  readonly code = 'CLUSTER_UNKNOWN_ASK';

  constructor() {
    super('This node does not know what it was asked for.');
  }
}

const collected: Reader<CollectedFacts> = fields<CollectedFacts>({
  targets: (value, path) => targetList({ targets: value }, path).targets,
  gaps: list(gap),
  metadata: record(
    list(
      fields<CollectedFacts['metadata'][string][number]>({ type: text, help: text, unit: text }),
    ),
  ),
  // What could not be had is told by who asks.
  warnings: () => [],
});

/** Readers of what the collecting node answers: it may be of another version. */
export const answers = {
  status: (value: unknown) => nodeStatus(value, 'status'),
  targets: (value: unknown) => targetList(value, 'targets').targets,
  cardinality: (value: unknown) => nullable(cardinality)(value, 'cardinality') ?? undefined,
  collected: (value: unknown) => collected(value, 'collected'),
  gaps: (value: unknown) => list(gap)(value, 'gaps'),
};
