import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect } from '@jest/globals';
import type {
  ApiError,
  Cardinality,
  Dump,
  DumpAliases,
  DumpChoices,
  DumpEstimate,
  DumpFilter,
  DumpPreview,
  DumpRedaction,
  SyncOutcome,
  SyncStatus,
} from '../../api/index.ts';
import { FakeClock, silentLogger } from '../../lib/runtime/index.ts';
import type { DumpContent } from '../dump/index.ts';
import { createApp, type DumpDesk, type WebServices } from './index.ts';
import type { AnnouncedSave } from './settings-saved.ts';

export const id = 'a'.repeat(26);
const content = Buffer.from('0123456789');
export const reading = 'sysconsole_read_environment_performance_monitoring';
export const writing = 'sysconsole_write_environment_performance_monitoring';
export const dump = { id, state: 'ready' } as Dump;

export const preview: DumpPreview = {
  ...{ series: 2, metrics: [{ name: 'up', series: 2 }] },
  labels: [{ name: 'job', values: 1, examples: ['a'] }],
  ...{ hosts: ['app1'], jobs: ['a'], redacted: { hosts: true, labels: ['instance'] } },
  isCut: false,
};

export const synced: SyncStatus = {
  driver: 'local',
  remoteBlocks: 1,
  remoteBytes: 2,
  pendingBlocks: 0,
  lastSuccessMs: 3,
  lastError: null,
};

/** Dumps that hold one ready archive and answer everything else with the error a test sets. */
class OneDump implements DumpDesk {
  created: { fromMs: number; toMs: number; userId: string }[] = [];
  redactions: DumpRedaction[] = [];
  steps: number[] = [];
  questions: object[] = [];
  filters: (DumpFilter | null)[] = [];
  failure: Error | undefined;
  deleted: string[] = [];
  opened = 0;
  dump = dump;

  #check(): void {
    if (this.failure !== undefined) throw this.failure;
  }
  async create(
    range: { fromMs: number; toMs: number },
    userId: string,
    { filter, redaction, stepSeconds }: DumpContent,
  ): Promise<Dump> {
    this.#check();
    this.filters.push(filter);
    this.redactions.push(redaction);
    this.steps.push(stepSeconds);
    this.created.push({ ...range, userId });
    return this.dump;
  }
  async aliases(): Promise<DumpAliases> {
    this.#check();
    return { aliases: { 'host-1': 'app1' } };
  }
  async list(): Promise<Dump[]> {
    this.#check();
    return [this.dump];
  }
  async get(): Promise<Dump> {
    this.#check();
    return dump;
  }
  async cancel(): Promise<Dump> {
    this.#check();
    return dump;
  }
  async delete(deletedId: string): Promise<void> {
    this.#check();
    this.deleted.push(deletedId);
  }
  async estimate(range: object, content: DumpContent): Promise<DumpEstimate> {
    this.#check();
    this.questions.push({ ...range, ...content });
    return { bytes: 1, samples: 2, series: 4, seconds: 3 };
  }
  async samplesIn(range: { fromMs: number; toMs: number }): Promise<number> {
    this.#check();
    this.questions.push(range);
    return 2;
  }
  async choices(range: { fromMs: number; toMs: number }): Promise<DumpChoices> {
    this.#check();
    this.questions.push(range);
    return { hosts: ['app1', 'gone'], jobs: ['a'], isCut: false };
  }
  async preview(range: object, content: DumpContent): Promise<DumpPreview> {
    this.#check();
    this.questions.push({ ...range, ...content });
    return preview;
  }
  async archive() {
    this.#check();
    return {
      fileName: 'größe.tar.gz',
      sizeBytes: content.length,
      etag: 'abc',
      open: async ({ start, end }: { start: number; end: number }) => {
        this.opened++;
        return Readable.from([content.subarray(start, end)]);
      },
    };
  }
}

/** The routes over HTTP, with one dump and three users: an administrator, who may write, who may read. */
class WebBed {
  cardinality: Cardinality | undefined;
  outcome: SyncOutcome = { node: '', isFinished: true, sync: synced };
  /** Rights that were asked for, and readers that were told of. */
  readonly rights: string[] = [];
  readonly readers: string[] = [];
  /** Saves of settings that were announced. */
  readonly saves: AnnouncedSave[] = [];
  readonly dumps = new OneDump();
  readonly clock = new FakeClock(0);
  readonly #server: Server;

  constructor() {
    this.#server = createServer(this.#app());
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async end(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  request(path: string, options: RequestInit = {}, user = 'admin'): Promise<Response> {
    const headers = new Headers(options.headers);
    if (user !== '') headers.set('Mattermost-User-Id', user);
    return fetch(`http://127.0.0.1:${String(this.port)}${path}`, { ...options, headers });
  }

  #app() {
    const services: WebServices = {
      status: async () =>
        ({
          ...{ mode: 'both', newestSampleMs: 9, oldestSampleMs: 1 },
          store: { headSeries: 5 },
        }) as Awaited<ReturnType<WebServices['status']>>,
      targets: async () => [],
      cardinality: async () => this.cardinality,
      syncNow: async (userId) => ({ ...this.outcome, node: `a, for ${userId}` }),
      dumps: this.dumps,
      readers: {
        asked: (userId) => void this.readers.push(userId),
        refused: (userId) => void this.readers.push(`not ${userId}`),
      },
    };
    return createApp(
      services,
      async (userId, permission) => {
        this.rights.push(`${userId}:${permission}`);
        return permissions[userId]?.includes(permission) === true;
      },
      { done: () => undefined, saved: (save) => void this.saves.push(save) },
      silentLogger,
      this.clock,
    );
  }
}

const permissions: Record<string, string[]> = {
  admin: ['manage_system'],
  reader: [reading],
  writer: [writing],
  saver: ['sysconsole_write_plugins'],
};

/** One bed for each test of a file. */
export function webBed(): () => WebBed {
  let bed: WebBed;
  beforeEach(async () => {
    bed = new WebBed();
    await bed.start();
  });
  afterEach(() => bed.end());
  return () => bed;
}

export async function refuses(
  response: Promise<Response>,
  status: number,
  code: string,
): Promise<void> {
  const answer = await response;
  const body = (await answer.json()) as ApiError;
  expect([answer.status, body.code]).toEqual([status, code]);
  expect(body.message).toMatch(/^(The|A|You|Your|Only|That|sentence) .+/);
  expect(typeof body.detail).toBe('string');
}
