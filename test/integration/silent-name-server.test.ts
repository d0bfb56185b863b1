// Goal: a name server that never answers costs the targets behind it, and nothing else. Method: the built
// executable with a resolv.conf of its own, because a look-up of the system keeps one of the four threads
// that files and compression share; the name server is a socket that only listens.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Dump, Target, TargetList } from '../../api/index.ts';
import { startExporter, type Exporter } from '../host/exporter.ts';
import { hostBundle } from '../packaging/built-bundle.ts';
import { testNeeding } from '../programs.ts';
import { canMount } from '../small-disk.ts';
import { BundleRuns, collects, type BundleRun } from './bundle-fixture.ts';
import { eventually } from './plugin-fixture.ts';

const bundleTest = canMount()
  ? testNeeding({ files: [hostBundle], programs: ['unshare'], root: true })
  : test.skip;

/** Of loopback, and of nobody else: the port cannot be another one. */
const nameServer = '127.53.53.53';
const hungTargets = 12;
/** A look-up takes twice as long to give up; a busy machine needs less for a scrape. */
const intervalSeconds = 5;

const runs = new BundleRuns();
let directory: string;
let socket: Socket;
let questions = 0;
/** The only name that it says anything about. */
let answered = '';
let exporter: Exporter;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'names-'));
  writeFileSync(join(directory, 'resolv.conf'), `nameserver ${nameServer}\n`);
  writeFileSync(join(directory, 'hosts'), '127.0.0.1 localhost app1.example.com\n');
  exporter = await startExporter({ profile: 'idle', seed: 2 });
  answered = '';
  socket = createSocket('udp4', (question, { port, address }) => {
    questions++;
    const answer = answerTo(question);
    if (answer !== undefined) socket.send(answer, port, address);
  });
  socket.bind(53, nameServer);
  await once(socket, 'listening');
});

afterEach(async () => {
  const violations = await runs.end();
  await exporter.close();
  socket.close();
  rmSync(directory, { recursive: true });
  expect(violations).toEqual([]);
});

/** What the name server says to a question: that {@link answered} is here, by IPv4 alone. */
function answerTo(question: Buffer): Buffer | undefined {
  const name = Buffer.concat([
    ...answered.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);
  const headerBytes = 12;
  const asked = question.subarray(headerBytes, headerBytes + name.length);
  if (asked.toString('latin1').toLowerCase() !== name.toString('latin1')) return undefined;
  const end = headerBytes + name.length;
  const isIPv4 = question.readUInt16BE(end) === 1;
  const header = Buffer.alloc(headerBytes);
  question.copy(header, 0, 0, 2);
  // A response without a fault; one question, one answer or none.
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(isIPv4 ? 1 : 0, 6);
  // The name of the question, an address of the Internet, for a minute, of four bytes.
  const record = Buffer.from([0xc0, headerBytes, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
  const parts = [header, question.subarray(headerBytes, end + 4), ...(isIPv4 ? [record] : [])];
  return Buffer.concat(parts);
}

/** The executable, which asks the silent name server, but not for what its file of hosts names. */
function start(...others: string[]): Promise<BundleRun> {
  const script = [
    'mount --bind "$1/resolv.conf" /etc/resolv.conf',
    'mount --bind "$1/hosts" /etc/hosts',
    'exec "$2"',
  ].join(' && ');
  const targets = [
    ...Array.from(
      { length: hungTargets },
      (_, at) => `http://hung${String(at)}.example.com:9100/metrics job=hung`,
    ),
    `http://app1.example.com:${String(exporter.port)}/metrics job=named`,
    ...others,
  ];
  return runs.collecting({
    settings: {
      customtargets: targets.join('\n'),
      scrapeintervalseconds: intervalSeconds,
      scrapetimeoutseconds: intervalSeconds,
    },
    command: (executable) => ({
      file: 'unshare',
      args: ['--mount', 'sh', '-c', script, 'sh', directory, executable],
    }),
  });
}

bundleTest('a name server that never answers fails its own targets alone', async () => {
  const run = await start();
  const targets = async (job: string) => {
    const list = await run.get<TargetList>('targets');
    return list.targets.filter((target) => target.job === job);
  };
  const hasFailed = ({ lastError }: Target) => lastError?.code === 'SCRAPE_DNS';
  await eventually('the failure of all that hang', async () => {
    const hung = await targets('hung');
    return hung.length === hungTargets && hung.every(hasFailed) ? true : undefined;
  });
  expect(questions).toBeGreaterThan(0);
  // What needs the same threads goes on meanwhile: syncs of the log, reading, packing, the file store.
  await collects(run, Date.now() + 1000);
  const dump = await makeDump(run);
  expect([dump.state, dump.error]).toEqual(['ready', null]);
  expect((await run.request('sync', { method: 'POST' })).status).toBe(200);
  for (const job of ['prometheus', 'named']) {
    const [sound] = await targets(job);
    // A busy machine may be late; that is nobody's fault.
    const lost = sound?.gaps.filter(({ reason }) => reason !== 'SCRAPE_LATE');
    expect([job, sound?.state, lost]).toEqual([job, 'up', []]);
  }
});

bundleTest('what a name server is silent about delays no name that it knows', async () => {
  answered = 'app2.example.com';
  const run = await start(`http://${answered}:${String(exporter.port)}/metrics job=known`);
  const known = await eventually('the second scrape of a name that is known', async () => {
    const { targets } = await run.get<TargetList>('targets');
    const target = targets.find(({ job }) => job === 'known');
    return (target?.recent.length ?? 0) > 1 ? target : undefined;
  });
  // Nobody answered about the others, which all came first.
  expect([known.state, known.lastError, known.gaps]).toEqual(['up', null, []]);
  const { targets } = await run.get<TargetList>('targets');
  const hung = targets.filter(({ job }) => job === 'hung');
  expect(hung.map(({ state }) => state)).not.toContain('up');
});

async function makeDump({ get, request }: BundleRun): Promise<Dump> {
  const to = Date.now();
  const body = JSON.stringify({ from: to - 60_000, to });
  const { id } = (await (await request('dumps', { method: 'POST', body })).json()) as Dump;
  return eventually('the end of the dump', async () => {
    const dump = await get<Dump>(`dumps/${id}`);
    return dump.state === 'queued' || dump.state === 'running' ? undefined : dump;
  });
}
