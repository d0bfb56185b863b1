import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { HostileReport, HostileRun } from './hostile-child-fixture.ts';

const isSoak = process.env['SOAK'] === '1';

/** What the exporters below, all at once, may add to the private memory of the process. */
const allowedMb = 300;

/** What any number of answers of the longest kind may: 256 MiB are kept, as much is on its way, and the rest. */
const allowedKeptMb = 600;

const sickPaths = [
  ...['/endless', '/ten-million', '/million', '/value', '/line'],
  ...['/names', '/trickle', '/silent', '/hung'],
];

let exporters: ChildProcess;
let sickPort: number;
let sound: Server;
let ticks = 0;

beforeAll(async () => {
  sound = createServer((_request, response) => {
    ticks++;
    const lines = Array.from({ length: 500 }, (_, at) => `s{i="${String(at)}"} ${String(ticks)}\n`);
    response.end(lines.join(''));
  });
  sound.listen(0, '127.0.0.1');
  await once(sound, 'listening');
  const file = new URL('hostile-exporters-fixture.ts', import.meta.url).pathname;
  exporters = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(exporters.stdout!, 'data')) as [Buffer];
  sickPort = Number(line.toString());
}, 300_000);

afterAll(async () => {
  exporters.kill('SIGKILL');
  sound.closeAllConnections();
  await new Promise((resolve) => sound.close(resolve));
});

async function collect(run: Pick<HostileRun, 'intervalSeconds' | 'seconds'>) {
  const child = new URL('hostile-child-fixture.ts', import.meta.url).pathname;
  const { port: soundPort } = sound.address() as AddressInfo;
  const argument = JSON.stringify({ ...run, sick: sickPaths, sickPort, soundPort });
  const { stdout } = await promisify(execFile)(process.execPath, [child, argument]);
  return JSON.parse(stdout) as HostileReport;
}

// The short form lasts for one round: less than a timeout and an interval, whatever else runs here.
test('hostile exporters cost a bounded amount of memory and harm no other target', async () => {
  const report = await collect(
    isSoak ? { intervalSeconds: 15, seconds: 180 } : { intervalSeconds: 3, seconds: 3.2 },
  );
  if (isSoak) process.stdout.write(`${JSON.stringify(report)}\n`);
  expect(report.peakMb - report.baseMb).toBeLessThan(allowedMb);
  const [good, ...sick] = report.targets;
  expect(good).toMatchObject({ path: '/sound', state: 'up' });
  const codes = new Map(sick.map(({ path, code }) => [path, code]));
  expect(codes.get('/silent')).toBe('SCRAPE_TIMEOUT');
  expect(codes.get('/hung')).toBe('SCRAPE_DNS');
  // 50,000 series of each metric, 100,000 of the names that change, and the reports.
  expect(report.series).toBeLessThan(500 + 3 * 50_000 + 100_000 + 100);
  if (!isSoak) return;
  expect(good?.missed).toEqual([]);
  expect(Object.fromEntries(codes)).toEqual({
    '/endless': 'SCRAPE_BODY_LIMIT',
    '/ten-million': 'SCRAPE_BODY_LIMIT',
    '/million': 'SCRAPE_BODY_LIMIT',
    '/value': 'SCRAPE_LABEL_VALUE_LIMIT',
    '/line': 'SCRAPE_PARSE',
    '/names': null,
    '/trickle': 'SCRAPE_TIMEOUT',
    '/silent': 'SCRAPE_TIMEOUT',
    '/hung': 'SCRAPE_DNS',
  });
}, 600_000);

interface HourReport {
  baseMb: number;
  peakMb: number;
  series: number;
  up: number;
  failures: number;
  sound: { state: string; missed: number };
  problems: string[];
}

/** Lets hours go by, in a process of its own, for the exporters that `arguments_` tell of. */
async function passHours(...arguments_: number[]): Promise<HourReport> {
  const file = new URL('hostile-hour-fixture.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...arguments_.map(String)]);
  if (isSoak) process.stdout.write(`${stdout}\n`);
  return JSON.parse(stdout) as HourReport;
}

// The long form goes on for a day: what was cut off comes back every hour, and blocks are cut.
test('names that differ each scrape, for an hour, cost what 100,000 series do', async () => {
  const report = await (isSoak ? passHours(24, 2000) : passHours(1, 500));
  expect(report.failures).toBe(0);
  expect(report.problems).toContain('SERIES_GROWTH');
  // The first hour brings 100,000, each further one half; memory forgets them some hours later.
  expect(report.series).toBeLessThan(isSoak ? 200_000 : 100_020);
  expect(report.peakMb - report.baseMb).toBeLessThan(isSoak ? 350 : 160);
}, 600_000);

// Comments of 31 MB each, 20 times: all of it would stay as what the next answers are compared with.
test('long answers of which nothing is stored cost the memory that there is for them all', async () => {
  const report = await (isSoak ? passHours(10 / 240, 0, 40) : passHours(2 / 240, 0, 20));
  expect(report.sound).toEqual({ state: 'up', missed: 0 });
  expect(report.problems).toContain('SCRAPE_MEMORY_LIMIT');
  expect(report.up).toBeGreaterThan(6);
  expect(report.peakMb - report.baseMb).toBeLessThan(allowedKeptMb);
}, 600_000);
