import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

/** A value of a row or an argument, as SQLite has them. */
export type DatabaseValue = null | number | bigint | string | Uint8Array;

export interface DatabaseRows {
  columns: string[];
  /** What the table declares; empty for an expression. */
  types: string[];
  rows: DatabaseValue[][];
}

/** Memory is bounded: a stand-in's tables are small. */
const maxRows = 10_000;

/**
 * The database that the stand-ins of a cluster share: SQLite in memory, with the table of nodes. Its
 * arguments are `$1`, `$2` and so on, as PostgreSQL's.
 */
export class Database {
  readonly #sqlite = new DatabaseSync(':memory:');

  constructor() {
    this.#sqlite.exec(`CREATE TABLE ClusterDiscovery (Id varchar(26) PRIMARY KEY, Type varchar(64),
      ClusterName varchar(64), HostName varchar(512), GossipPort integer, Port integer,
      CreateAt bigint, LastPingAt bigint)`);
  }

  /** Throws SQLite's sentence for what it does not understand. */
  query(sql: string, values: readonly DatabaseValue[]): DatabaseRows {
    const statement = this.#sqlite.prepare(sql);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    const columns = statement.columns();
    const rows = statement.all(named(values)) as unknown as DatabaseValue[][];
    if (rows.length > maxRows) throw new Error(`more than ${String(maxRows)} rows`);
    return {
      columns: columns.map(({ name }) => name),
      types: columns.map(({ type }) => type ?? ''),
      rows,
    };
  }

  /** Returns the number of rows that changed. */
  execute(sql: string, values: readonly DatabaseValue[]): number {
    return Number(this.#sqlite.prepare(sql).run(named(values)).changes);
  }

  close(): void {
    this.#sqlite.close();
  }
}

/** SQLite takes `$1` for a name. */
function named(values: readonly DatabaseValue[]): Record<string, SQLInputValue> {
  return Object.fromEntries(values.map((value, at) => [`$${String(at + 1)}`, value]));
}
