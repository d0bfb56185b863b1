import { asError, endsWithin, type Clock, type Logger } from '../../lib/runtime/index.ts';
import {
  consolePages,
  makeProblem,
  say,
  toldAs,
  type ApiError,
  type KnownSentence,
  type Problem,
} from '../../api/index.ts';
import { optionalSentence } from '../../api/read-sentence.ts';
import type { PluginApi } from '../mattermost/index.ts';

/** How long the reason stands in the status: whoever saved looks at once or not at all. */
const toldForMs = 15 * 60_000;

/** The record by which the nodes of a cluster tell each other; it expires when the reason is old. */
const recordKey = 'save-refused';
const recordVersion = 1;

/** How long a status waits for the record: the database may be away. */
const readPatienceMs = 1_000;

/** Longest record and reason that are believed; reasons name a setting and what it must be. */
const maxRecordBytes = 8 * 1024;
const maxReasonChars = 2_000;

/** Why a save was refused, as a node told it: one of an older version has no sentence. */
type Reason = Pick<ApiError, 'message' | 'sentence'>;

export interface RefusedSaveOptions {
  clock: Clock;
  logger: Logger;
  kv: Pick<PluginApi, 'kvGet' | 'kvSetWithOptions' | 'kvDelete'>;
  /** Whether other nodes are asked for the status, too. */
  isShared: () => boolean;
  /** Told when the other nodes can know of an outcome from now on. It must not throw. */
  onShared: () => void;
}

/**
 * The last save that was refused because of our settings. Not every server tells whoever saved why a
 * plugin refused, so the reason stands in the status, too, until a save goes through or some time is
 * over. In a cluster the page may ask another node than the one that refused: the reason is in a record
 * that all read. It holds the sentence alone, which never repeats what was entered.
 */
export class RefusedSave {
  readonly #options: RefusedSaveOptions;
  /** What this node refused. */
  #own: { reason: Reason; atMs: number } | undefined;
  /** What the record says. */
  #others: Reason | undefined;
  /** The newest outcome that is not in the record yet; null stands for a save that went through. */
  #unwritten: Reason | null | undefined;
  #isWriting = false;
  #reading: Promise<void> | undefined;

  constructor(options: RefusedSaveOptions) {
    this.#options = options;
  }

  /** The outcome of a save on this node; undefined when nothing was wrong with it. Does not wait. */
  note(refusal: KnownSentence | undefined): void {
    const { clock, isShared } = this.#options;
    const reason = refusal && toldAs(refusal);
    this.#own = reason === undefined ? undefined : { reason, atMs: clock.monotonicMs() };
    this.#others = undefined;
    if (!isShared()) return;
    // Two at once could end in either order.
    this.#unwritten = reason ?? null;
    if (!this.#isWriting) void this.#write();
  }

  /** A save went through, on this node or another one. */
  settled(): void {
    this.#own = undefined;
    this.#others = undefined;
  }

  /** Looks at what the other nodes have noted. Never rejects, and waits for a second at most. */
  async look(): Promise<void> {
    const { clock, isShared } = this.#options;
    if (!isShared()) return;
    this.#reading ??= this.#read();
    await endsWithin(clock, readPatienceMs, this.#reading);
  }

  problems(): Problem[] {
    const reason = this.#ownReason() ?? this.#others;
    if (reason === undefined) return [];
    return [refusedProblem(reason)];
  }

  #ownReason(): Reason | undefined {
    const own = this.#own;
    if (own === undefined) return undefined;
    return this.#options.clock.monotonicMs() - own.atMs > toldForMs ? undefined : own.reason;
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const { kv, logger, onShared } = this.#options;
    this.#isWriting = true;
    while (this.#unwritten !== undefined) {
      const reason = this.#unwritten;
      this.#unwritten = undefined;
      try {
        if (reason === null) await kv.kvDelete(recordKey);
        else {
          const expireInSeconds = toldForMs / 1000;
          await kv.kvSetWithOptions(recordKey, recordOf(reason), { expireInSeconds });
        }
        onShared();
      } catch (error) {
        const what = 'The other nodes could not be told of the outcome of a save';
        logger.info(what, { error: asError(error) });
      }
    }
    this.#isWriting = false;
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    const { kv, logger } = this.#options;
    try {
      const record = await kv.kvGet(recordKey);
      this.#others = record === undefined ? undefined : reasonIn(record);
    } catch (error) {
      logger.debug('What other nodes refused could not be read', { error: asError(error) });
    }
    this.#reading = undefined;
  }
}

/** What another node told may be of another version: then its own English is all there is. */
function refusedProblem({ message, sentence }: Reason): Problem {
  const advice = say('save.refused.advice');
  const plain = say('save.refused', { reason: message });
  const problem = makeProblem({
    code: 'SETTINGS_REFUSED',
    severity: 'warning',
    message: plain,
    advice,
    link: consolePages.plugin,
  });
  const told = sentence === undefined ? plain : { id: plain.id, values: { reason: sentence } };
  return { ...problem, sentences: { message: told, advice } };
}

function recordOf({ message, sentence }: Reason): Uint8Array {
  const told = { v: recordVersion, reason: message.slice(0, maxReasonChars), sentence };
  return new TextEncoder().encode(JSON.stringify(told));
}

/** Undefined for what is no such record, or one of a version that is not known. */
function reasonIn(record: Uint8Array): Reason | undefined {
  if (record.length > maxRecordBytes) return undefined;
  try {
    const { reason, sentence, v } = Object(JSON.parse(new TextDecoder().decode(record))) as {
      reason?: unknown;
      sentence?: unknown;
      v?: unknown;
    };
    if (v !== recordVersion || typeof reason !== 'string') return undefined;
    const told = optionalSentence(sentence);
    return { message: reason.slice(0, maxReasonChars), ...(told && { sentence: told }) };
  } catch {
    return undefined;
  }
}
