import { compareUtf8 } from '../../bytes/index.ts';

/** One sorted symbol table made of several. */
export interface SymbolUnion {
  readonly symbols: readonly string[];
  /** For each table: position in the union by position in the table. */
  readonly ranks: readonly Uint32Array[];
}

/**
 * Unites symbol tables, so that label sets of different sources compare by numbers. The tables
 * may be given up afterwards: each text exists once in the union.
 */
export function uniteSymbols(tables: readonly (readonly string[])[]): SymbolUnion {
  const numbers = new Map<string, number>();
  for (const table of tables) for (const symbol of table) numbers.set(symbol, 0);
  const symbols = [...numbers.keys()].sort(compareUtf8);
  symbols.forEach((symbol, rank) => numbers.set(symbol, rank));
  const ranks = tables.map((table) =>
    Uint32Array.from(table, (symbol) => numbers.get(symbol) ?? 0),
  );
  return { symbols, ranks };
}
