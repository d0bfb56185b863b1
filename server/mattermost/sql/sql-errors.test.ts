import { describe, expect, test } from '@jest/globals';
import { interfaceValue } from '../../../lib/gob/index.ts';
import { FakeClock, seededRng, silentLogger } from '../../../lib/runtime/index.ts';
import { goError, mysqlError, pqError } from '../fake-driver-fixture.ts';
import { maxConnectionTries } from '../limits.ts';
import { SqlBench, mysql, postgres, until, whole } from './sql-bench-fixture.ts';
import { RpcDatabase } from './sql-database.ts';
import {
  SqlConstraintError,
  SqlStatementError,
  SqlStoppedError,
  codeOfState,
} from './sql-errors.ts';

const bench = new SqlBench();

describe('errors', () => {
  test('of PostgreSQL have a class and code by SQLSTATE', async () => {
    const database = bench.start();
    const fields = { Code: '23505', Message: 'duplicate key', Detail: '(a)=(secret)', Table: 't' };
    bench.driver.before = (method) => (method === 'ConnQuery' ? { B: pqError(fields) } : undefined);
    const failure: unknown = await database.query('INSERT', [], postgres).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(SqlConstraintError);
    expect(failure).toMatchObject({
      code: 'SQL_UNIQUE',
      message: 'duplicate key (SQLSTATE 23505)',
      details: { sqlState: '23505', table: 't', detail: '(a)=(secret)' },
    });
    fields.Code = '42601';
    await expect(database.query('SELEC', [], postgres)).rejects.toBeInstanceOf(SqlStatementError);
    fields.Code = '57014';
    await expect(database.query('SELECT', [], postgres)).rejects.toBeInstanceOf(SqlStoppedError);
  });

  test('have a code for every SQLSTATE', () => {
    const f = (states: string, want: string) => {
      for (const state of states.split(' '))
        expect([state, codeOfState(state)]).toEqual([state, want]);
    };
    bench.start();
    f('23505', 'SQL_UNIQUE');
    f('23502 23503 23514 23P01', 'SQL_CONSTRAINT');
    f('42601 42804', 'SQL_SYNTAX');
    f('42P01 42703 42883', 'SQL_UNDEFINED');
    f('42501 28P01', 'SQL_PERMISSION');
    f('22003 22P02', 'SQL_VALUE');
    f('57014', 'SQL_CANCELLED');
    f('08006 53300 57P01 57P03', 'SQL_UNAVAILABLE');
    f('40001 40P01 55P03', 'SQL_CONFLICT');
    f('XX000 P0001 57P05', 'SQL_FAILED');
  });

  test('of MySQL have it by number, else by SQLSTATE', async () => {
    const database = bench.start();
    const f = async (number: number, state: string, code: string) => {
      bench.driver.before = (method) =>
        method === 'ConnQuery' ? { B: mysqlError(number, state) } : undefined;
      await expect(database.query('SELECT', [], mysql)).rejects.toMatchObject({
        code,
        details: { mysqlNumber: number },
      });
    };
    bench.driver.before = (method) =>
      method === 'ConnQuery' ? { B: goError(0, 'Error 1146 (42S02): No table') } : undefined;
    await expect(database.query('SELECT', [], mysql)).rejects.toMatchObject({
      code: 'SQL_UNDEFINED',
      message: 'No table (MySQL 1146)',
    });
    await f(1062, '23000', 'SQL_UNIQUE');
    await f(1146, '42S02', 'SQL_UNDEFINED');
    await f(9999, '22001', 'SQL_VALUE');
    await f(9999, '', 'SQL_FAILED');
  });

  test('in the middle of the rows fail the query', async () => {
    const database = bench.start();
    bench.driver.result = {
      columns: [['n', 'INT8']],
      rows: [[whole(1)]],
      endError: pqError({ Code: '22012', Message: 'division by zero' }),
    };
    const call = database.query('SELECT', [], postgres);
    await expect(call).rejects.toMatchObject({ code: 'SQL_VALUE' });
    expect(bench.driver.count('RowsClose')).toBe(1);
  });

  test('of a connection that cannot be had say so', async () => {
    const database = bench.start();
    bench.driver.before = (method) =>
      method === 'Conn' ? { B: goError(0, 'refused') } : undefined;
    const call = database.query('SELECT', [], postgres);
    await expect(call).rejects.toMatchObject({
      code: 'SQL_UNAVAILABLE',
      name: 'SqlConnectionError',
    });
  });

  test('of dead connections are no news while there are others', async () => {
    const database = bench.start();
    let dead = maxConnectionTries - 1;
    bench.driver.before = (method) => {
      return method === 'ConnQuery' && dead-- > 0 ? { B: goError(6, 'bad connection') } : undefined;
    };
    await database.query('SELECT', [], postgres);
    expect(bench.driver.count('Conn')).toBe(maxConnectionTries);
    expect(bench.driver.count('ConnClose')).toBe(maxConnectionTries);
    dead = maxConnectionTries;
    const call = database.query('SELECT', [], postgres);
    await expect(call).rejects.toMatchObject({ code: 'SQL_UNAVAILABLE' });
  });

  test('of a connection that breaks on the way repeat only what may be repeated', async () => {
    const database = bench.start();
    let broken = 1;
    bench.driver.before = (method) => {
      if (method !== 'ConnQuery' || broken-- <= 0) return undefined;
      return { B: goError(0, 'read tcp 127.0.0.1:5432: connection reset by peer') };
    };
    await database.query('SELECT', [], { ...postgres, mayRepeat: true });
    expect(bench.driver.count('Conn')).toBe(2);
    broken = 1;
    await expect(database.query('INSERT', [], postgres)).rejects.toMatchObject({
      code: 'SQL_UNAVAILABLE',
    });
    bench.driver.before = (method) =>
      method === 'ConnQuery' ? { B: goError(0, 'pq: unexpected message') } : undefined;
    await expect(
      database.query('SELECT', [], { ...postgres, mayRepeat: true }),
    ).rejects.toMatchObject({ code: 'SQL_FAILED' });
  });

  test('of a server without a database, and of one that is gone', async () => {
    const database = bench.start();
    const options = { clock: new FakeClock(), logger: silentLogger, rng: seededRng(1) };
    const none = new RpcDatabase({ ...options, client: undefined });
    await expect(none.query('SELECT', [], postgres)).rejects.toMatchObject({
      code: 'SQL_NO_DATABASE',
    });
    bench.driver.before = (method) =>
      method === 'ConnQuery' ? bench.setup.server.close() : undefined;
    await expect(database.query('SELECT', [], postgres)).rejects.toMatchObject({
      code: 'SQL_UNAVAILABLE',
    });
    await until(() => database.running === 0);
    // The server takes back what is borrowed when a plugin has gone.
    bench.driver.open.clear();
  });

  test('name a value that cannot be', async () => {
    const database = bench.start();
    bench.driver.result = { columns: [['n', 'X']], rows: [[interfaceValue('[]string', ['a'])]] };
    const call = database.query('SELECT', [], postgres);
    await expect(call).rejects.toMatchObject({ code: 'SQL_REPLY' });
  });
});
