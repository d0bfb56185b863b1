// Goal: whatever a target answers, that scrape alone fails, with a reason that leads to its cause.
// Method: the composed plugin, a target that misbehaves in every way we know, and one that does not.
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Target } from '../../api/index.ts';
import { startExporter, type Exporter, type ExporterFault } from '../host/exporter.ts';
import { testNeeding } from '../programs.ts';
import { PluginRun } from './plugin-fixture.ts';

const promtoolTest = testNeeding({ programs: ['promtool', 'tar'] });

let exporter: Exporter;
let other: Exporter;
let run: PluginRun;

beforeEach(async () => {
  exporter = await startExporter({ profile: 'idle' });
  other = await startExporter({ profile: 'idle', seed: 2 });
  run = await PluginRun.create({
    port: exporter.port,
    settings: { enablenodeexportertargets: true, nodeexporterport: other.port },
  });
  await run.activate();
  for (const job of ['prometheus', 'node']) await run.target(job, ({ state }) => state === 'up');
});

afterEach(async () => {
  await run.close();
  await exporter.close();
  await other.close();
});

async function fails(fault: ExporterFault, code: string, message: RegExp): Promise<void> {
  await exporter.setFault(fault);
  const isMeant = ({ lastError }: Target) =>
    lastError?.code === code && message.test(lastError.message);
  const { gaps, state } = await run.target('prometheus', isMeant);
  expect(state).toBe('down');
  expect(gaps[0]).toMatchObject({ reason: code, toMs: null });
}

/** The other target lost nothing, and the one that failed comes back. */
async function recovers(): Promise<void> {
  await exporter.setFault('none');
  await run.target('prometheus', ({ state }) => state === 'up');
  const { gaps, state } = await run.target('node', () => true);
  // A busy machine may be late; that is nobody's fault.
  const lost = gaps.filter(({ reason }) => reason !== 'SCRAPE_LATE');
  expect([state, lost]).toEqual(['up', []]);
}

test('a target that does not answer as it should has failed, with the reason', async () => {
  await fails('refuse', 'SCRAPE_REFUSED', /^Nothing listens/);
  await fails('reset', 'SCRAPE_RESET', /closed the connection/);
  await fails('hang', 'SCRAPE_TIMEOUT', /did not answer within 900 ms/);
  await fails('404', 'SCRAPE_HTTP_404', /status 404/);
  await fails('trickle', 'SCRAPE_TIMEOUT', /did not finish its answer within 900 ms/);
  await fails('503', 'SCRAPE_HTTP_503', /status 503/);
  await fails('not-http', 'SCRAPE_BAD_RESPONSE', /not HTTP/);
  await fails('cut', 'SCRAPE_TRUNCATED', /cut short/);
  await fails('bad-gzip', 'SCRAPE_BAD_ENCODING', /said to be gzip/);
  await recovers();
});

test('a text that cannot be read has failed as a whole, with the line', async () => {
  await fails('crlf', 'SCRAPE_PARSE', /line \d+: lines end in CR LF/);
  await fails('overflow', 'SCRAPE_PARSE', /line \d+: .*"mattermost_too_large 1e400"/);
  await fails('unknown-type', 'SCRAPE_PARSE', /line \d+: .*mattermost_strange unknown/);
  await fails('noise', 'SCRAPE_PARSE', /line \d+: /);
  await recovers();
});

promtoolTest(
  'a failed scrape is up 0 and the end of every series; nothing of its body is stored',
  async () => {
    await fails('overflow', 'SCRAPE_PARSE', /line/);
    await recovers();
    const dump = await run.dump();
    expect(dump).toMatchObject({ state: 'ready' });
    await writeFile(join(run.root, 'dump.tar.gz'), await run.archive(dump.id));
    await mkdir(join(run.root, 'dump'));
    execFileSync('tar', ['xzf', '../dump.tar.gz'], { cwd: join(run.root, 'dump') });
    const values = (name: string) =>
      execFileSync(
        'promtool',
        ['tsdb', 'dump', `--match={__name__="${name}",job="prometheus"}`, join(run.root, 'dump')],
        { encoding: 'utf8' },
      )
        .trim()
        .split('\n')
        .map((line) => line.split(' ').at(-2));
    expect(values('up').join(' ')).toMatch(/^1( 1)*( 0)+( 1)+$/);
    expect(values('go_goroutines').join(' ')).toMatch(/^\d+( \d+)* NaN( \d+)+$/);
    expect(values('mattermost_too_large')).toEqual([undefined]);
  },
);
