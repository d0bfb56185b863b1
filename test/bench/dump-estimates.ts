import type { Dump, DumpEstimate, DumpRequest } from '../../api/index.ts';
import { manifest } from '../packaging/built-bundle.ts';
import { ask, dumpOnce, removeDump, waitForBlocks, type DayHost } from './day-host.ts';
import { rounded, type Measure } from './measure.ts';

const hourMs = 3_600_000;

/** What an estimate may be off by. */
const goal = 0.25;

/** What is asked for, by a word for the log; `from` and `to` are hours before the end. */
const kinds: Record<string, { from: number; to: number } & Partial<DumpRequest>> = {
  'first of a process': { from: 24, to: 0 },
  'an hour': { from: 1.5, to: 0.5 },
  'a quarter of an hour': { from: 1.25, to: 1 },
  'one node': { from: 24, to: 0, nodes: ['app-1'] },
  'some metrics': { from: 24, to: 0, metrics: ['*_total'] },
  thinned: { from: 24, to: 0, stepSeconds: 60 },
  redacted: { from: 24, to: 0, redaction: 'hosts-and-ids' },
  'a later one': { from: 24, to: 0 },
};

interface Ratios {
  kind: string;
  bytes: number;
  samples: number;
  seconds: number;
}

/** What dumps of several kinds are estimated to be, beside what comes out; the plugin starts anew. */
export async function measureEstimates(day: DayHost): Promise<Measure[]> {
  await day.host.enable(manifest.id);
  await waitForBlocks(day);
  const { pid } = day.host.active(manifest.id).process;
  const ratios: Ratios[] = [];
  for (const [kind, { from, to, ...content }] of Object.entries(kinds)) {
    const request = { from: day.endMs - from * hourMs, to: day.endMs - to * hourMs, ...content };
    const told = await ask<DumpEstimate>(day, `/dumps/estimate?${queryOf(request)}`);
    const { dump } = await dumpOnce(day, pid, request);
    ratios.push(compare(kind, told, dump));
    await removeDump(day, dump);
  }
  await day.host.disable(manifest.id);
  for (const { bytes, kind, samples, seconds } of ratios) {
    const [b, s, t] = [bytes, samples, seconds].map(rounded);
    console.log(`# estimate of ${kind}: bytes ${b}, samples ${s}, seconds ${t} of what came out`);
  }
  return [
    measureOf(
      'estimate-bytes',
      ratios.map(({ bytes }) => bytes),
    ),
    measureOf(
      'estimate-samples',
      ratios.map(({ samples }) => samples),
    ),
    measureOf(
      'estimate-seconds',
      ratios.map(({ seconds }) => seconds),
    ),
  ];
}

function compare(kind: string, told: DumpEstimate, dump: Dump): Ratios {
  const { finishedAtMs, samples, sizeBytes, startedAtMs } = dump;
  return {
    kind,
    bytes: told.bytes / (sizeBytes ?? NaN),
    samples: told.samples / (samples ?? NaN),
    seconds: (told.seconds * 1000) / ((finishedAtMs ?? NaN) - (startedAtMs ?? NaN)),
  };
}

/** The ratio that is farthest from one. */
function measureOf(name: string, ratios: readonly number[]): Measure {
  const off = (ratio: number) => Math.abs(Math.log(ratio));
  const worst = ratios.reduce((far, ratio) => (off(ratio) > off(far) ? ratio : far), 1);
  return { name, unit: 'ratio', ours: rounded(worst), peer: null, peerName: null, goal };
}

function queryOf(request: DumpRequest): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request)) {
    for (const each of [value].flat()) query.append(name, String(each));
  }
  return query.toString();
}
