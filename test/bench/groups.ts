import { rounded, type Measure } from './measure.ts';

/** What is measured together, or made for a group that comes later. */
export interface Group {
  /** For the log. */
  title: string;
  /** Of its measures, or of those that it is made for. */
  names: readonly string[];
  /** Waits for `meanwhile` where it would only let time pass. */
  run: (meanwhile: () => Promise<void>) => Promise<Measure[]>;
  /** What takes no times of its own, but memory and sizes, and is done while this one only waits. */
  beside?: readonly Group[];
}

/** What {@link runGroups} tells. */
export interface GroupListener {
  /** After each group: what was measured so far, in the order of the groups. */
  onMeasures: (measures: readonly Measure[]) => Promise<void>;
  /** The other groups stand for themselves. */
  onFailure: (group: Group, error: unknown) => void;
  say: (line: string) => void;
}

/** Runs the groups of which a measure is wanted, or all of them, one after another. */
export async function runGroups(
  groups: readonly Group[],
  wanted: readonly string[],
  { onFailure, onMeasures, say }: GroupListener,
): Promise<void> {
  const inOrder = groups.flatMap(withBeside);
  const found = new Map<Group, Measure[]>();

  async function runAll(list: readonly Group[]): Promise<void> {
    for (const group of list) await runOne(group);
  }

  async function runOne(group: Group): Promise<void> {
    const { beside = [], names, run, title } = group;
    let done: Promise<void> | undefined;
    const meanwhile = () => (done ??= runAll(beside));
    if (wanted.length === 0 || names.some((name) => wanted.includes(name))) {
      const startedMs = performance.now();
      try {
        found.set(group, await run(meanwhile));
      } catch (error) {
        onFailure(group, error);
      }
      say(`# ${title}: ${rounded((performance.now() - startedMs) / 1000)} s`);
    }
    // What does not wait, or ended before it did, leaves them to be done.
    await meanwhile();
    await onMeasures(inOrder.flatMap((each) => found.get(each) ?? []));
  }

  await runAll(groups);
}

function withBeside(group: Group): Group[] {
  return [group, ...(group.beside ?? []).flatMap(withBeside)];
}
