import { describe, expect, test } from '@jest/globals';
import { seededRng } from '../../runtime/index.ts';
import { SymbolIndex } from './symbol-index.ts';

const seed = Number(process.env['SEED'] ?? 7);

describe('SymbolIndex', () => {
  test(`finds what a map finds while texts come and go (seed ${String(seed)})`, () => {
    const rng = seededRng(seed);
    const texts: string[] = [];
    const index = new SymbolIndex(texts, rng);
    const twin = new Map<string, number>();
    const free: number[] = [];
    for (let step = 0; step < 40_000; step++) {
      const text = `${step % 3 === 0 ? 'größe' : 't'}${String(rng.u32() % 6000)}`;
      const id = twin.get(text);
      expect(index.find(text)).toBe(id ?? -1);
      if (id === undefined) {
        const next = free.pop() ?? texts.length;
        texts[next] = text;
        index.add(next, index.hashOf(text));
        twin.set(text, next);
      } else if (rng.u32() % 2 === 0) {
        index.delete(id);
        twin.delete(text);
        texts[id] = '';
        free.push(id);
      }
    }
    expect(twin.size).toBeGreaterThan(1024);
    for (const [text, id] of twin) expect(index.find(text)).toBe(id);
    expect(index.find('')).toBe(-1);
  });

  test('tells apart texts with the same beginning, end and length', () => {
    const texts = ['', 'abcd', 'acbd', 'abc', 'abcde'];
    const index = new SymbolIndex(texts);
    for (const [id, text] of texts.entries()) index.add(id, index.hashOf(text));
    for (const [id, text] of texts.entries()) expect(index.find(text)).toBe(id);
    index.delete(1);
    expect(texts.map((text) => index.find(text))).toEqual([0, -1, 2, 3, 4]);
  });
});
