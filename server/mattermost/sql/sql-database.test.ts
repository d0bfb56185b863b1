import { describe, expect, test } from '@jest/globals';
import { encodeGoTime, interfaceValue, type GobValue } from '../../../lib/gob/index.ts';
import { goError, pqError } from '../fake-driver-fixture.ts';
import {
  hangingConnectionMs,
  maxBorrowedConnections,
  maxHangingConnections,
  maxWaitingQueries,
} from '../limits.ts';
import { SqlBench, mysql, postgres, until, whole } from './sql-bench-fixture.ts';

const text = (value: string) => interfaceValue('string', value);

const bench = new SqlBench();

/** A promise and what settles it. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

describe('a query', () => {
  test('gives columns and rows with values of every type', async () => {
    const database = bench.start();
    const time = encodeGoTime({ unixSeconds: 5, nanoseconds: 6 });
    bench.driver.result = {
      columns: Array.from({ length: 9 }, (_, at) => [`c${String(at)}`, 'TEXT']),
      rows: [
        [
          ...[whole(7), whole(2n ** 62n), interfaceValue('float64', 1.5), text('ü')],
          ...[interfaceValue('bool', true), interfaceValue('[]uint8', new Uint8Array([1, 2]))],
          ...[null, interfaceValue('uint64', 3), interfaceValue('time.Time', time)],
        ],
        Array.from({ length: 9 }, () => null),
      ],
    };
    const { columns, rows } = await database.query('SELECT 1', [], postgres);
    expect(columns).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8']);
    expect(rows[0]).toEqual([
      ...[7, 2n ** 62n, 1.5, 'ü', true, new Uint8Array([1, 2]), null, 3],
      { unixSeconds: 5, nanoseconds: 6 },
    ]);
    expect(rows[1]).toEqual(Array.from({ length: 9 }, () => null));
  });

  test('sends typed arguments with the placeholders of the database', async () => {
    const database = bench.start();
    const values = [1, 2n ** 62n, 0.5, { double: 3 }, 'x', true, new Uint8Array([9]), null];
    await database.query('SELECT $1, $2, $3, $4, $5, $6, $7, $8', values, postgres);
    const asked = bench.driver.calls.find(({ method }) => method === 'ConnQuery')?.argument as {
      B: string;
      C: { Ordinal: number; Value: { typeName: string; value: GobValue } | null }[];
    };
    expect(asked.B).toMatch(/^\/\* plugin query [0-9a-f]{24} \*\/ SELECT \$1, /);
    expect(asked.C.map(({ Ordinal }) => Ordinal)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    // A nil is not sent at all: absent is what Go reads as nil.
    expect(asked.C.map(({ Value }) => Value?.typeName ?? null)).toEqual([
      ...['int64', 'int64', 'float64', 'float64', 'string', 'bool', '[]uint8', null],
    ]);
    expect(bench.driver.calls[0]).toMatchObject({ method: 'Conn', argument: true });
    await database.query('SELECT a FROM b WHERE c = $1 AND d > $2', ['x', 2], mysql);
    const text = JSON.stringify(
      bench.driver.calls.filter(({ method }) => method === 'ConnQuery').at(-1),
    );
    expect(text).toContain('c = ? AND d > ?');
    await database.query('SELECT 1', [], { ...postgres, onReplica: true });
    expect(bench.driver.calls.findLast(({ method }) => method === 'Conn')?.argument).toBe(false);
  });

  test('has its statement prepared where the driver wants that, and closes it', async () => {
    const database = bench.start();
    bench.driver.before = (method) => {
      return method === 'ConnQuery' || method === 'ConnExec'
        ? { B: goError(5, 'skip') }
        : undefined;
    };
    bench.driver.result = { columns: [['n', 'BIGINT']], rows: [[whole(1)]] };
    expect((await database.query('SELECT $1', [1], mysql)).rows).toEqual([[1]]);
    expect(await database.execute('UPDATE t SET a = $1', [1], mysql)).toMatchObject({
      rowsAffected: 1,
    });
    expect(bench.driver.count('StmtClose')).toBe(2);
  });

  test('changes rows', async () => {
    const database = bench.start();
    bench.driver.change = { RowsAffected: 3, LastIDError: goError(0, 'not supported') };
    expect(await database.execute('DELETE FROM t', [], postgres)).toEqual({
      rowsAffected: 3,
      lastInsertId: undefined,
    });
    bench.driver.change = { RowsAffected: 1, LastID: 12 };
    expect((await database.execute('INSERT', [], mysql)).lastInsertId).toBe(12);
  });
});

describe('refuses before anything is sent', () => {
  test.each([
    ['', []],
    ['  ', []],
    ['SELECT 1\0; DROP', []],
    ['SELECT $1', []],
    ['SELECT 1', [1]],
    ['SELECT $2, $1', [1, 2]],
    ['SELECT $1, $1', [1]],
    ['SELECT $1', [2 ** 60]],
    ['SELECT $1', [2n ** 63n]],
    ['SELECT $1', [-(2n ** 63n) - 1n]],
    ['SELECT $1', [new Date(0)]],
    ['SELECT $1', [undefined]],
    ['SELECT $1', [{ toString: () => 'x' }]],
  ])('%j', async (sql, parameters) => {
    const database = bench.start();
    const call = database.query(sql, parameters as never[], postgres);
    await expect(call).rejects.toMatchObject({ code: 'SQL_ARGUMENT' });
    expect(bench.driver.calls).toEqual([]);
  });

  test('a question mark for MySQL, a longer text and more arguments than allowed', async () => {
    const database = bench.start();
    const long = `SELECT '${'x'.repeat(70_000)}'`;
    await expect(database.query(long, [], postgres)).rejects.toMatchObject({
      code: 'SQL_ARGUMENT',
    });
    const many = Array.from({ length: 1001 }, () => 1);
    const sql = many.map((_, at) => `$${String(at + 1)}`).join();
    await expect(database.query(sql, many, postgres)).rejects.toMatchObject({
      code: 'SQL_ARGUMENT',
    });
    await expect(database.query("SELECT '?'", [], mysql)).rejects.toMatchObject({
      code: 'SQL_ARGUMENT',
    });
    expect(bench.driver.calls).toEqual([]);
  });

  test.each(['TIMESTAMPTZ', 'TIMESTAMP', 'DATE', 'TIME', 'TIMETZ', 'DATETIME'])(
    'to fetch a row with a column of type %s',
    async (type) => {
      const database = bench.start();
      bench.driver.result = {
        columns: [
          ['a', 'INT8'],
          ['at', type],
        ],
        rows: [[whole(1), null]],
      };
      const call = database.query('SELECT', [], postgres);
      await expect(call).rejects.toMatchObject({
        code: 'SQL_COLUMN_TYPE',
        message: expect.stringContaining('column at') as unknown,
      });
      expect(bench.driver.count('RowsNext')).toBe(0);
    },
  );
});

describe('limits', () => {
  test('of rows and bytes end the query, cancel it and return its connection', async () => {
    const database = bench.start();
    const columns: [string, string][] = [['t', 'TEXT']];
    bench.driver.result = { columns, rows: [[text('a')], [text('b')], [text('c')]] };
    const f = (options: object) => database.query('SELECT', [], { ...postgres, ...options });
    expect((await f({ maxRows: 3 })).rows).toHaveLength(3);
    expect(bench.driver.count('ConnExec')).toBe(0);
    await expect(f({ maxRows: 2 })).rejects.toMatchObject({ code: 'SQL_TOO_MANY_ROWS' });
    expect(bench.driver.count('ConnExec')).toBe(1);
    expect((await f({ maxBytes: 6 })).rows).toHaveLength(3);
    await expect(f({ maxBytes: 5 })).rejects.toMatchObject({ code: 'SQL_TOO_MANY_BYTES' });
    expect(bench.driver.count('ConnExec')).toBe(2);
  });

  test('of columns', async () => {
    const database = bench.start();
    bench.driver.result = { columns: Array.from({ length: 257 }, () => ['c', 'TEXT']), rows: [] };
    await expect(database.query('SELECT', [], postgres)).rejects.toMatchObject({
      code: 'SQL_ARGUMENT',
    });
  });

  test('of time answer the caller, cancel the query, and return the connection when it ends', async () => {
    const database = bench.start();
    const { open, opened } = gate();
    bench.driver.before = async (method) => {
      // The query ends when it is cancelled, as in PostgreSQL.
      if (method === 'ConnExec') open();
      if (method !== 'ConnQuery') return undefined;
      await opened;
      return { B: pqError({ Code: '57014', Message: 'canceled' }) };
    };
    const call = database.query('SELECT pg_sleep(100)', [], { ...postgres, timeoutMs: 500 });
    const failure = expect(call).rejects.toMatchObject({ code: 'SQL_TIMEOUT' });
    await until(() => bench.driver.count('ConnQuery') === 1);
    await bench.setup.clock.advance(499);
    expect(bench.driver.count('ConnExec')).toBe(0);
    await bench.setup.clock.advance(1);
    await failure;
    await until(() => database.running === 0);
    const marker = JSON.stringify(bench.driver.calls.find(({ method }) => method === 'ConnExec'));
    expect(marker).toMatch(/pg_cancel_backend.*plugin query [0-9a-f]{24}/);
  });

  test('of time and a caller that gives up also hold between rows and before the query', async () => {
    const database = bench.start();
    bench.driver.result = {
      columns: [['n', 'INT8']],
      rows: Array.from({ length: 9 }, () => [whole(1)]),
    };
    for (const stopAt of ['Conn', 'RowsColumns', 'RowsNext', 'RowsColumnTypeDatabaseTypeName']) {
      const stop = new AbortController();
      bench.driver.before = (method) => {
        if (method === stopAt) stop.abort();
        return undefined;
      };
      const call = database.query('SELECT', [], { ...postgres, signal: stop.signal });
      await expect(call).rejects.toMatchObject({ code: 'SQL_ABORTED' });
      await until(() => database.running === 0);
    }
    const before = bench.driver.calls.length;
    const signal = AbortSignal.abort();
    await expect(database.query('SELECT', [], { ...postgres, signal })).rejects.toMatchObject({
      code: 'SQL_ABORTED',
    });
    expect(bench.driver.calls).toHaveLength(before);
  });

  test('of connections: the rest wait, too many are refused, a waiting one can give up', async () => {
    const database = bench.start();
    const { open, opened } = gate();
    bench.driver.before = async (method) => {
      if (method === 'ConnQuery') await opened;
    };
    const ask = (signal?: AbortSignal) =>
      database.query('SELECT', [], { ...postgres, ...(signal === undefined ? {} : { signal }) });
    const running = Array.from({ length: maxBorrowedConnections }, () => ask());
    const impatient = new AbortController();
    const leaving = ask(impatient.signal);
    const waiting = Array.from({ length: maxWaitingQueries - 1 }, () => ask());
    await until(() => bench.driver.count('ConnQuery') === maxBorrowedConnections);
    await expect(ask()).rejects.toMatchObject({ code: 'SQL_BUSY' });
    impatient.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'SQL_ABORTED' });
    expect(bench.driver.count('Conn')).toBe(maxBorrowedConnections);
    open();
    await Promise.all([...running, ...waiting]);
    expect(bench.driver.count('Conn')).toBe(maxBorrowedConnections + maxWaitingQueries - 1);
  });

  test('of patience with connections that hang: after a minute others are borrowed', async () => {
    const database = bench.start();
    const { open, opened } = gate();
    const hang = async (method: string) => {
      if (method === 'ConnQuery') await opened;
    };
    const ask = () => database.query('SELECT', [], { ...mysql, timeoutMs: 1000 });
    let borrowed = 0;
    for (let round = 0; round < 2 + maxHangingConnections / maxBorrowedConnections; round++) {
      bench.driver.before = hang;
      const calls = Array.from({ length: maxBorrowedConnections }, ask);
      const failures = calls.map((call) =>
        expect(call).rejects.toMatchObject({ code: 'SQL_TIMEOUT' }),
      );
      if (round <= maxHangingConnections / maxBorrowedConnections) {
        borrowed += maxBorrowedConnections;
        await until(() => bench.driver.count('ConnQuery') === borrowed);
      }
      await bench.setup.clock.advance(1000);
      await Promise.all(failures);
      await bench.setup.clock.advance(hangingConnectionMs);
    }
    // The last round had to wait: so many hang that no more are borrowed.
    expect(bench.driver.count('ConnQuery')).toBe(maxBorrowedConnections + maxHangingConnections);
    bench.driver.before = () => undefined;
    open();
    await until(() => database.running === 0);
    await Promise.all([ask(), ask(), ask()]);
  });

  test('of a connection that comes too late: it is returned unused', async () => {
    const database = bench.start();
    const { open, opened } = gate();
    bench.driver.before = async (method) => {
      if (method === 'Conn') await opened;
    };
    const call = database.query('SELECT', [], { ...postgres, timeoutMs: 100 });
    const failure = expect(call).rejects.toMatchObject({ code: 'SQL_TIMEOUT' });
    await until(() => bench.driver.count('Conn') === 1);
    await bench.setup.clock.advance(100);
    await failure;
    bench.driver.before = () => undefined;
    open();
    await until(() => database.running === 0);
    expect(bench.driver.count('ConnQuery')).toBe(0);
  });
});
