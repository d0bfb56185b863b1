import { createServer, type ServerResponse, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { BodyMaker } from '../bench/body-maker.ts';

export type StepFormat = 'text' | 'openmetrics';

/** What is answered to one scrape: a body, or something that is none. */
type Step = { body: string } | { fault: 'unavailable' | 'reset' | 'broken gzip' };

/** Scrapes of each collector. */
export const stepCount = 44;
/** Both collectors are restarted before this step, while all series are alive. */
export const restartStep = 26;

const faults: Record<number, Step> = {
  8: { fault: 'unavailable' },
  9: { fault: 'unavailable' },
  13: { fault: 'reset' },
  // The first line is the bad one: of series before it Prometheus would keep half a memory.
  17: { body: 'bench_bad{le="1} 2\nbench_special 1\n' },
  // A body without a byte would leave Prometheus' cache as it was.
  20: { body: '# nothing at present\n' },
  33: { fault: 'broken gzip' },
};
/** Every counter begins anew, as after a restart of the target. */
const resetStep = 36;

/** Answers every collector with the same steps in the same order, each at its own pace. */
export class StepExporter {
  readonly #format: StepFormat;
  readonly #steps: Step[];
  readonly #served = new Map<string, number>();
  /** Collectors that should not ask at present, because they are being restarted. */
  readonly #closed = new Set<string>();
  /** Requests of collectors that should not have asked. */
  disturbances = 0;
  #server: Server | undefined;

  constructor(seed: number, explicitMs: number, format: StepFormat) {
    this.#format = format;
    this.#steps = makeSteps(seed, explicitMs, format);
  }

  async start(): Promise<number> {
    this.#server = createServer((request, response) => {
      const collector = /^\w+/.exec(request.headers['user-agent'] ?? '')?.[0] ?? '';
      this.#answer(collector, response);
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** Steps that a collector has been answered, by the first word of its User-Agent. */
  served(collector: string): number {
    return this.#served.get(collector) ?? 0;
  }

  reopen(collector: string): void {
    this.#closed.delete(collector);
  }

  #answer(collector: string, response: ServerResponse): void {
    const at = this.served(collector);
    const step = this.#steps[at];
    if (this.#closed.has(collector)) this.disturbances++;
    if (step === undefined || this.#closed.has(collector)) {
      // Behind the end; what this leaves in a store is not compared.
      response.writeHead(503).end();
      if (step === undefined) this.#served.set(collector, at + 1);
      return;
    }
    this.#served.set(collector, at + 1);
    if (at + 1 === restartStep) this.#closed.add(collector);
    send(step, this.#format, response);
  }
}

const contentTypes = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

function send(step: Step, format: StepFormat, response: ServerResponse): void {
  response.setHeader('content-type', contentTypes[format]);
  if ('body' in step) {
    response.setHeader('content-encoding', 'gzip');
    response.end(gzipSync(step.body));
    return;
  }
  switch (step.fault) {
    case 'unavailable':
      response.writeHead(503).end('starting\n');
      return;
    case 'reset':
      response.socket?.destroy();
      return;
    case 'broken gzip':
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync('bench_good 1\n'.repeat(1000)).subarray(0, 30));
  }
}

function makeSteps(seed: number, explicitMs: number, format: StepFormat): Step[] {
  const shape = { gauges: 18, counters: 60, apiSets: 8, storeSets: 12, churn: 0.01 };
  let maker = new BodyMaker(seed, shape);
  return Array.from({ length: stepCount }, (_, at) => {
    if (at === resetStep) maker = new BodyMaker(seed + 1, shape);
    const body = String(maker.next());
    const time = explicitMs + at * 100;
    const isText = format === 'text';
    const print = (timeMs: number) => String(isText ? timeMs : timeMs / 1000);
    const step = faults[at] ?? { body: body + edges(at, print(time), print(time - 40)) };
    if (isText) return step;
    return 'body' in step ? { body: asOpenMetrics(step.body) } : step;
  });
}

/** The same in OpenMetrics: no free comments, exemplars here and there, and the line that ends it. */
function asOpenMetrics(body: string): string {
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('# nothing'));
  const exemplars = [' # {trace_id="7f"} 0.5', ' # {trace_id="7f",span_id="1"} 3 1700000000.5'];
  const marked = lines.map((line, at) => {
    const mayHave = at % 5 === 0 && line.includes('_bucket{');
    return mayHave ? `${line}${exemplars[at % 2] ?? ''}` : line;
  });
  return [...marked, '# EOF', ''].join('\n');
}

const specials = ['NaN', '+Inf', '-Inf', '-0', '5e-324', '1.7976931348623157e308', '1e-9', '42'];

/** Lines that bodies of servers rarely have. */
function edges(at: number, time: string, before: string): string {
  const lines = [
    `bench_special ${specials[at % specials.length] ?? ''}`,
    `bench_escaped{path="C:\\\\dir\\n\\"x\\"",city="Zürich 🎉",empty=""} ${at % 3}`,
    // Its own time: no staleness marker when it vanishes.
    ...(at % 5 < 3 ? [`bench_explicit{kind="own time"} ${at} ${time}`] : []),
    // There for two scrapes, gone for two.
    ...(at % 4 < 2 ? [`bench_flicker{kind="comes and goes"} ${at}`] : []),
    // Labels that the collector sets as well.
    `bench_own{job="other",instance="elsewhere"} ${at}`,
    `bench_own{job="other",exported_job="another",instance="elsewhere"} ${at}`,
    `bench_twice 1`,
    `bench_twice 2`,
    // Two samples of one series: in order, out of order, of one time, and one of them without a time.
    ...[`bench_pair{kind="in order"} ${at} ${before}`, `bench_pair{kind="in order"} 2 ${time}`],
    ...[`bench_pair{kind="reversed"} ${at} ${time}`, `bench_pair{kind="reversed"} 2 ${before}`],
    ...[`bench_pair{kind="same"} ${at} ${time}`, `bench_pair{kind="same"} 2 ${time}`],
    ...[`bench_pair{kind="mixed"} ${at} ${before}`, `bench_pair{kind="mixed"} 2`],
    ...[`bench_pair{kind="turned"} ${at}`, `bench_pair{kind="turned"} 2 ${time}`],
  ];
  return `${lines.join('\n')}\n`;
}
