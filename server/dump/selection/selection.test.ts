import { describe, expect, test } from '@jest/globals';
import { seededRng } from '../../../lib/runtime/index.ts';
import { archiveFileName } from '../archive/file-name.ts';
import { newJobId } from '../jobs/job-id.ts';
import { groupOverlapping, overlaps, selectBlocks, share } from './selection.ts';
import { isJobId } from '../../share/index.ts';

describe('grouping', () => {
  const want = (blocks: [number, number][], groups: [number, number][][]) => {
    const input = blocks.map(([mint, maxt]) => ({ mint, maxt }));
    const output = groupOverlapping(input).map((group) =>
      group.map(({ mint, maxt }) => [mint, maxt]),
    );
    expect(output).toEqual(groups);
  };

  test('puts what overlaps together, directly or through a third', () => {
    want([], []);
    want([[0, 2]], [[[0, 2]]]);
    want([[2, 4], [0, 2]], [[[0, 2]], [[2, 4]]]); // prettier-ignore
    want([[0, 3], [2, 4], [4, 5]], [[[0, 3], [2, 4]], [[4, 5]]]); // prettier-ignore
    want([[0, 9], [1, 2], [8, 10]], [[[0, 9], [1, 2], [8, 10]]]); // prettier-ignore
    want([[0, 2], [0, 2]], [[[0, 2], [0, 2]]]); // prettier-ignore
  });
});

describe('selection', () => {
  const ulidOf = (name: string) => `01HE949VD3YTRWF8GXT2TC97K${name}`;
  const block = (name: string, mint: number, maxt: number, sources = name) => ({
    ...{ ulid: ulidOf(name), mint, maxt, numSamples: 1, numSeries: 1, sizeBytes: 1 },
    ...{ sources: Array.from(sources, ulidOf), dir: `/${name}`, labels: {} },
    ...{ files: new Map<string, number>(), blockFiles: [] },
  });
  type Block = ReturnType<typeof block>;

  function want(local: Block[], remote: Block[], names: string, range = [0, 100]): void {
    const [fromMs = 0, toMs = 0] = range;
    const selected = selectBlocks(local, { blocks: remote, heads: [] }, { fromMs, toMs });
    const told = selected.map(({ kind, ulid }) => `${kind[0]!}${ulid.at(-1)!}`).join(' ');
    expect(told).toBe(names);
  }

  test('reads no sample twice from a merged block and what it was made of', () => {
    const [a, b, c] = [block('A', 0, 10), block('B', 10, 20), block('C', 20, 30)];
    const m = block('M', 0, 20, 'AB');
    const n = block('N', 0, 30, 'ABC');
    want([a, b], [a, b, c], 'lA lB rC');
    want([m], [a, b, c], 'lM rC');
    want([m, a, b], [], 'lM');
    want([a, b, c], [m, a, b], 'lA lB lC');
    want([a], [m], 'rM');
    want([m, c], [n, a], 'lM lC');
    want([m], [n], 'rN');
    want([], [a, b, m, n], 'rN');
    want([m, c], [a, b, c], 'lC', [20, 30]);
    // Of a block that names no sources nobody knows what it holds.
    want([m], [{ ...a, sources: [] }], 'lM');
    want([m], [block('X', 0, 20, '')], 'lM rX');
  });
});

test('takes a block by overlap of half-open ranges', () => {
  const range = { fromMs: 10, toMs: 20 };
  const want = (mint: number, maxt: number, isIn: boolean) => {
    expect(overlaps({ mint, maxt }, range)).toBe(isIn);
  };
  want(0, 10, false);
  want(0, 11, true);
  want(12, 13, true);
  want(19, 30, true);
  want(20, 30, false);
});

test('takes the samples of a block to be spread evenly over its time', () => {
  const range = { fromMs: 10, toMs: 20 };
  const want = (mint: number, maxt: number, part: number) => {
    expect(share({ mint, maxt }, range)).toBe(part);
  };
  want(0, 10, 0);
  want(0, 20, 0.5);
  want(12, 16, 1);
  want(15, 25, 0.5);
  want(0, 40, 0.25);
  want(20, 30, 0);
  // A single sample, at the moment at which it begins and ends.
  want(15, 15, 1);
});

test('names archives so that every system can keep them', () => {
  const want = (server: string, part: string) => {
    const name = archiveFileName(server, 0, 1_700_000_000_999);
    expect(name).toBe(`mattermost-metrics_${part}_19700101T000000Z_20231114T221320Z.tar.gz`);
  };
  want('chat.example.com', 'chat.example.com');
  want('a b/c\\d:8065', 'a-b-c-d-8065');
  want('../..', 'server');
  want('', 'server');
  want('müller', 'm-ller');
});

test('makes ids of jobs that differ', () => {
  const rng = seededRng(5);
  const ids = new Set(Array.from({ length: 500 }, () => newJobId(rng)));
  expect(ids.size).toBe(500);
  for (const id of ids) expect(isJobId(id)).toBe(true);
});
