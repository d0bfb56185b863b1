import { admin, holds, same } from './bed.ts';
import { eventually, figure, type Checks } from './checks.ts';
import { buildOlderHost, GoHost } from './go-host.ts';
import { startMariaDb } from './mariadb.ts';
import { startPostgres, type Postgres } from './postgres.ts';
import { packProbe } from './probe-bundle.ts';
import type { SqlRequest } from './probe/sql-route.ts';

/** Connections that the server allows itself; a plugin that leaks one stops these checks soon. */
const poolSize = 6;

const clusterName = 'bed';
const nodeType = 'mattermost_app';

/** What the host says of the driver when everything was given back. */
const nothingHeld = '{"conns":0,"rows":0,"stmts":0,"txs":0}';

interface SqlReply {
  columns?: string[];
  rows?: unknown[][];
  rowsAffected?: number;
  error?: { code: string; name: string; message: string; details: Record<string, string> };
}

interface DriverBed {
  host: GoHost;
  postgres: Postgres;
}

/** A server with the probe, whose database is `source`. */
async function startHost(
  directory: string,
  probe: string,
  version: string | undefined,
  database: { DriverName: string; DataSource: string },
): Promise<GoHost> {
  const program = version === undefined ? undefined : await buildOlderHost(version);
  const config = {
    SqlSettings: { ...database, MaxOpenConns: poolSize, MaxIdleConns: poolSize },
    ClusterSettings: { Enable: true, ClusterName: clusterName },
    PluginSettings: { Enable: true },
  };
  const host = await GoHost.start(directory, probe, config, { program, hasDatabase: true });
  await host.activate();
  return host;
}

/** PostgreSQL through the server's driver, under the newest supervisor and an older one; MariaDB under those that know it. */
export async function checkDriver(checks: Checks, directory: string): Promise<void> {
  const probe = await packProbe(directory);
  for (const version of [undefined, '10.11']) {
    const name = `driver-${version ?? 'newest'}`;
    const postgres = await startPostgres(`${directory}/${name}.log`);
    const source = { DriverName: 'postgres', DataSource: postgres.source() };
    const host = await startHost(`${directory}/${name}`, probe, version, source);
    try {
      await checkAll(checks, `database of server ${version ?? 'newest'}`, { host, postgres });
    } finally {
      await host.kill();
      await postgres.stop();
    }
  }
  await checkMariaDb(checks, directory, probe);
}

/** Servers before 11 may stand on MySQL; 10.3 sends its errors as they are, 10.11 as text. */
async function checkMariaDb(checks: Checks, directory: string, probe: string): Promise<void> {
  const mariaDb = await startMariaDb(`${directory}/driver-mariadb.log`);
  try {
    for (const version of ['10.3', '10.11']) {
      const source = { DriverName: 'mysql', DataSource: mariaDb.source };
      const place = `${directory}/driver-mariadb-${version}`;
      const host = await startHost(place, probe, version, source);
      try {
        await checks.check(`MariaDB of server ${version}: nodes, values, errors`, async () => {
          await mariaDb.sql('DELETE FROM ClusterDiscovery');
          await checkNodes(host, (sql) => mariaDb.sql(sql));
          await checkMySql({ host });
          same(JSON.stringify((await host.status()).held), nothingHeld, 'what is borrowed');
        });
      } finally {
        await host.kill();
      }
    }
  } finally {
    await mariaDb.stop();
  }
}

async function checkMySql(bed: { host: GoHost }): Promise<void> {
  const { rows } = await ask(bed, {
    sql: "SELECT $1 + 1, $2, NULL, 1.5e0, 'plain'",
    parameters: [{ bigint: '9007199254740993' }, 'ü'],
  });
  const [sum, text, ...rest] = rows?.[0] ?? [];
  same(JSON.stringify(sum), '{"bigint":"9007199254740994"}', 'sum');
  same(JSON.stringify(text), JSON.stringify(bytesOf('ü')), 'text');
  same(JSON.stringify(rest), JSON.stringify([null, 1.5, bytesOf('plain')]), 'rest');
  await refused(bed, { sql: 'SELECT 1 FROM nowhere' }, 'SQL_UNDEFINED');
  await refused(bed, { sql: 'SELEC 1' }, 'SQL_SYNTAX');
  await refused(bed, { sql: 'SELECT now()' }, 'SQL_COLUMN_TYPE');
  const insert = {
    sql: 'INSERT INTO ClusterDiscovery (Id, LastPingAt) VALUES ($1, 0)',
    parameters: ['twice'],
    isChange: true,
  };
  same((await ask(bed, insert)).rowsAffected, 1, 'rows');
  await refused(bed, insert, 'SQL_UNIQUE');
}

/** Rows of this and another cluster, of this and another type, of any quality: the nodes are found. */
async function checkNodes(host: GoHost, sql: (text: string) => Promise<unknown>): Promise<void> {
  const now = Date.now();
  const row = (id: string, hostname: string, agoMs = 0, cluster = clusterName, type = nodeType) =>
    `('${id}', '${type}', '${cluster}', '${hostname}', 1, 1, ${now}, ${now - agoMs})`;
  const rows = [
    row('a', 'MM1.example'),
    row('b', '10.0.0.2', 300_000),
    row('c', '10.0.0.2', 1_000_000),
    row('d', '[fd00::5]'),
    row('e', 'gone', 1_900_000),
    row('f', 'http://user:secret@evil/'),
    row('g', ''),
    row('h', 'elsewhere', 0, 'other'),
    row('i', 'job', 0, clusterName, 'job_server'),
    row('j', 'mm1'),
  ];
  const columns = 'Id, Type, ClusterName, HostName, GossipPort, Port, CreateAt, LastPingAt';
  await sql(`INSERT INTO ClusterDiscovery (${columns}) VALUES ${rows.join(', ')}`);
  const response = await host.request('/nodes', admin);
  const { nodes, problems } = (await response.json()) as {
    nodes: { id: string; host: string; isStale: boolean; isSelf: boolean; lastPingMs: number }[];
    problems: { code: string; message: string }[];
  };
  const found = nodes.map(({ id, host, isStale, isSelf }) =>
    [id, host, isStale ? 'stale' : '', isSelf ? 'self' : ''].filter(Boolean).join(' '),
  );
  same(found.join(), 'a mm1.example,b 10.0.0.2 stale,d fd00::5,j mm1 self', 'nodes');
  same(nodes[1]?.lastPingMs, now - 300_000, 'last ping');
  same(problems.map(({ code }) => code).join(), 'DISCOVERY_ROW,DISCOVERY_ROW', 'problems');
  holds(!JSON.stringify(problems).includes('secret'), 'a secret is told');
}

async function checkAll(checks: Checks, prefix: string, bed: DriverBed): Promise<void> {
  const check = (title: string, run: (bed: DriverBed) => Promise<unknown>) =>
    checks.check(`${prefix}: ${title}`, async () => {
      await run(bed);
      await allReturned(bed);
    });
  await check('values of every type arrive', checkValues);
  await check('arguments of every type arrive', checkArguments);
  await check('columns of times are refused, the driver lives on', checkTimes);
  await check('errors have their code by SQLSTATE', checkErrors);
  await check('results beyond a limit end', checkLimits);
  await check('a query that takes too long is cancelled', checkTimeouts);
  await check('a query ended by others says so', checkEndedByOthers);
  await check('dead connections are replaced', checkDeadConnections);
  await check('the nodes of a cluster are found', ({ host, postgres }) =>
    checkNodes(host, (text) => postgres.sql(text)),
  );
  await check('many queries at once share two connections', checkMany);
}

async function ask({ host }: Pick<DriverBed, 'host'>, request: SqlRequest): Promise<SqlReply> {
  const response = await host.request('/sql', admin, {
    method: 'POST',
    body: JSON.stringify(request),
  });
  same(response.status, 200, request.sql);
  return (await response.json()) as SqlReply;
}

/** The rows of a query, or its error thrown. */
async function rowsOf(bed: DriverBed, sql: string, parameters: unknown[] = []) {
  const { rows, error } = await ask(bed, { sql, parameters });
  if (rows === undefined) throw new Error(`${sql}: ${JSON.stringify(error)}`);
  return rows;
}

async function refused(
  bed: Pick<DriverBed, 'host'>,
  request: SqlRequest,
  code: string,
  state?: string,
) {
  const { error } = await ask(bed, request);
  same(error?.code, code, request.sql);
  if (state !== undefined) same(error?.details['sqlState'], state, request.sql);
  return error;
}

/** The server's driver lends nothing, and the database runs nothing but this question. */
async function allReturned({ host, postgres }: DriverBed): Promise<void> {
  await eventually('everything is given back', 5000, async () => {
    const { held } = await host.status();
    return JSON.stringify(held) === nothingHeld ? true : undefined;
  });
  const busy = await postgres.sql(
    "SELECT state, query FROM pg_stat_activity WHERE datname = 'postgres' AND pid <> pg_backend_pid() AND state <> 'idle'",
  );
  same(busy.join(), '', 'sessions that are not idle');
}

const bytesOf = (text: string) => ({ bytes: Buffer.from(text).toString('hex') });

async function checkValues(bed: DriverBed): Promise<void> {
  const cases: [sql: string, want: unknown][] = [
    ['7::int8', 7],
    ['-3::int4', -3],
    ['2::int2', 2],
    ['9007199254740991::int8', Number.MAX_SAFE_INTEGER],
    ['9223372036854775807::int8', { bigint: '9223372036854775807' }],
    ['(-9223372036854775808)::int8', { bigint: '-9223372036854775808' }],
    ['1.5::float8', 1.5],
    ['0.25::float4', 0.25],
    ['1e300::float8', 1e300],
    ['true', true],
    ['false', false],
    ["''::text", ''],
    ["'ünï€🙂'::text", 'ünï€🙂'],
    ["'v'::varchar(9)", 'v'],
    ["'\\x000102ff'::bytea", { bytes: '000102ff' }],
    ["''::bytea", { bytes: '' }],
    ['NULL::text', null],
    ['NULL::int8', null],
    ['NULL::bytea', null],
    ['12.50::numeric', bytesOf('12.50')],
    ['\'{"a": 1}\'::jsonb', bytesOf('{"a": 1}')],
    ["'{1,2}'::int4[]", bytesOf('{1,2}')],
    [
      "'0d8f7c1e-6c39-4b0c-9d3e-5a2f5f0e6b11'::uuid",
      bytesOf('0d8f7c1e-6c39-4b0c-9d3e-5a2f5f0e6b11'),
    ],
  ];
  const [row] = await rowsOf(bed, `SELECT ${cases.map(([sql]) => sql).join(', ')}`);
  for (const [at, [sql, want]] of cases.entries()) {
    same(JSON.stringify(row?.[at]), JSON.stringify(want), sql);
  }
  const { columns } = await ask(bed, { sql: 'SELECT 1 AS "Id", 2 AS HostName' });
  same(columns?.join(), 'Id,hostname', 'columns');
  same((await rowsOf(bed, 'SELECT 1 WHERE false')).length, 0, 'no rows');
  same((await rowsOf(bed, 'SELECT FROM generate_series(1, 3)')).length, 3, 'rows of no columns');
}

async function checkArguments(bed: DriverBed): Promise<void> {
  const values = [
    ...[-5, { bigint: '9223372036854775807' }, 0.5, true, "'; DROP TABLE x; -- ?$1", null],
    ...[{ bytes: '0001ff' }, { bytes: '' }, ''],
  ];
  const [row] = await rowsOf(
    bed,
    'SELECT $1::int8, $2::int8, $3::float8, $4::bool, $5::text, $6::text, $7::bytea, $8::bytea, $9::text',
    values,
  );
  // The gob of Go makes no difference between nothing and an empty list of bytes.
  const want = values.with(7, JSON.stringify(row?.[7]) === 'null' ? null : { bytes: '' });
  same(JSON.stringify(row), JSON.stringify(want), 'row');
  const [whole] = await rowsOf(bed, 'SELECT $1::float8', [{ double: 3 }]);
  same(whole?.[0], 3, 'a whole double');
}

async function checkTimes(bed: DriverBed): Promise<void> {
  await bed.postgres.sql('CREATE DOMAIN moment AS timestamptz');
  for (const type of ['timestamptz', 'timestamp', 'date', 'time', 'timetz', 'moment']) {
    await refused(bed, { sql: `SELECT 1, now()::${type} AS at` }, 'SQL_COLUMN_TYPE');
    await refused(bed, { sql: `SELECT NULL::${type} AS at` }, 'SQL_COLUMN_TYPE');
  }
  const [row] = await rowsOf(
    bed,
    "SELECT (extract(epoch from t) * 1000)::int8, t::text FROM (VALUES ('2026-01-02Z'::timestamptz)) AS v(t)",
  );
  same(row?.[0], Date.UTC(2026, 0, 2), 'milliseconds');
  holds(String(row?.[1]).startsWith('2026-01-02'), 'text');
}

async function checkErrors(bed: DriverBed): Promise<void> {
  await bed.postgres.sql(
    'CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (id int UNIQUE NOT NULL CHECK (id > 0), parent int REFERENCES parent)',
  );
  const change = (sql: string, parameters: unknown[] = []) => ({ sql, parameters, isChange: true });
  const insert = 'INSERT INTO child (id) VALUES ($1)';
  same((await ask(bed, change(insert, [1]))).rowsAffected, 1, 'rows');
  const unique = await refused(bed, change(insert, [1]), 'SQL_UNIQUE', '23505');
  same(
    `${unique?.name} ${unique?.details['table']}`,
    'SqlConstraintError child',
    'class and table',
  );
  await refused(bed, { sql: `${insert} RETURNING id`, parameters: [1] }, 'SQL_UNIQUE', '23505');
  await refused(bed, change(insert, [null]), 'SQL_CONSTRAINT', '23502');
  await refused(bed, change(insert, [0]), 'SQL_CONSTRAINT', '23514');
  await refused(bed, change('INSERT INTO child VALUES (2, 7)'), 'SQL_CONSTRAINT', '23503');
  await refused(bed, { sql: 'SELEC 1' }, 'SQL_SYNTAX', '42601');
  await refused(bed, { sql: 'SELECT * FROM nowhere' }, 'SQL_UNDEFINED', '42P01');
  await refused(bed, { sql: 'SELECT nothing FROM child' }, 'SQL_UNDEFINED', '42703');
  await refused(bed, { sql: 'SELECT unheard_of(1)' }, 'SQL_UNDEFINED', '42883');
  await refused(bed, { sql: "SELECT 'x'::int" }, 'SQL_VALUE', '22P02');
  await refused(bed, { sql: 'SELECT $1::text', parameters: ['\0'] }, 'SQL_VALUE', '22021');
  const middle = 'SELECT 1 / (500 - g) FROM generate_series(1, 1000) AS g';
  await refused(bed, { sql: middle }, 'SQL_VALUE', '22012');
  await refused(
    bed,
    change("DO $$ BEGIN RAISE 'no'; END $$".replaceAll('$$', "'x'")),
    'SQL_SYNTAX',
  );
  await refused(bed, { sql: 'SELECT 1\0' }, 'SQL_ARGUMENT');
}

async function checkLimits(bed: DriverBed): Promise<void> {
  const series = (count: number) => ({
    sql: `SELECT generate_series(1, ${count}) AS g, repeat('x', 100)`,
  });
  const whole = await ask(bed, { ...series(3000), options: { maxRows: 3000 } });
  same(whole.rows?.length, 3000, 'rows at the limit');
  await refused(bed, { ...series(3001), options: { maxRows: 3000 } }, 'SQL_TOO_MANY_ROWS');
  const startedMs = performance.now();
  const endless = { ...series(100_000_000), options: { maxBytes: 100_000 } };
  await refused(bed, endless, 'SQL_TOO_MANY_BYTES');
  const ms = performance.now() - startedMs;
  figure('an endless result ends', ms, 5000);
}

async function checkTimeouts(bed: DriverBed): Promise<void> {
  const options = { timeoutMs: 300 };
  const startedMs = performance.now();
  await refused(bed, { sql: 'SELECT pg_sleep(60)', options }, 'SQL_TIMEOUT');
  figure('a query that takes too long is told', performance.now() - startedMs, 2000);
  await allReturned(bed);
  await refused(bed, { sql: 'SELECT pg_sleep(60)', abortAfterMs: 100 }, 'SQL_ABORTED');
  await allReturned(bed);
  const parameters = [60];
  await refused(bed, { sql: 'SELECT pg_sleep($1)', parameters, options }, 'SQL_TIMEOUT');
  await refused(bed, { sql: 'SELECT pg_sleep(60)', options, isChange: true }, 'SQL_TIMEOUT');
}

async function checkEndedByOthers(bed: DriverBed): Promise<void> {
  const end = (how: string) =>
    eventually(`the query runs and is ended by ${how}`, 5000, async () => {
      const sql = `SELECT ${how}(pid) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(61)' AND pid <> pg_backend_pid()`;
      return (await bed.postgres.sql(sql)).length === 1 ? true : undefined;
    });
  const running = refused(bed, { sql: 'SELECT pg_sleep(61)' }, 'SQL_CANCELLED', '57014');
  // A session that ends takes its work back, so the driver asks for another one.
  await end('pg_terminate_backend');
  await end('pg_cancel_backend');
  await running;
}

async function checkDeadConnections(bed: DriverBed): Promise<void> {
  await Promise.all(Array.from({ length: poolSize }, () => rowsOf(bed, 'SELECT pg_sleep(0.05)')));
  await bed.postgres.sql(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres' AND pid <> pg_backend_pid()",
  );
  const options = { mayRepeat: true };
  const { rows, error } = await ask(bed, { sql: 'SELECT 1', options });
  same(JSON.stringify(rows), '[[1]]', `row (${String(error?.message)})`);
}

async function checkMany(bed: DriverBed): Promise<void> {
  const queries = Array.from({ length: 30 }, (_, at) => rowsOf(bed, 'SELECT $1::int8', [at]));
  let most = 0;
  const watching = (async () => {
    for (let look = 0; look < 20; look++) {
      most = Math.max(most, (await bed.host.status()).held?.conns ?? 0);
    }
  })();
  const rows = await Promise.all(queries);
  await watching;
  same(rows.flat(2).join(), Array.from({ length: 30 }, (_, at) => at).join(), 'rows');
  holds(most <= 2, `${most} connections were borrowed at once`);
  const sessions = await bed.postgres.sql(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres' AND pid <> pg_backend_pid()",
  );
  holds(Number(sessions[0]) <= poolSize, `${sessions[0]} sessions`);
}
