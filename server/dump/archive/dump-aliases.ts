import { randomBytes } from 'node:crypto';
import { say, type Dump, type DumpAliases } from '../../../api/index.ts';
import { readObject, type ObjectStore } from '../../../lib/objectstore/index.ts';
import { codeOf } from '../../../lib/runtime/index.ts';
import { aliasesKey, aliasSecretKey } from '../../share/index.ts';
import { DumpError, toDumpError } from '../errors.ts';
import { maxAliasesBytes } from '../limits.ts';

const secretBytes = 32;

/**
 * The key of this installation's aliases, made when it is first needed. It lies in the file store,
 * where all lies that aliases stand for; what is there in the end counts, whoever wrote it.
 */
export async function aliasSecret(store: ObjectStore, signal: AbortSignal): Promise<Uint8Array> {
  const known = await readSecret(store, signal);
  if (known !== undefined) return known;
  await store.put(aliasSecretKey, randomBytes(secretBytes), { sizeBytes: secretBytes, signal });
  const written = await readSecret(store, signal);
  if (written !== undefined) return written;
  throw new DumpError('DUMP_VERIFY_FAILED', say('dump.secret-changed'));
}

async function readSecret(
  store: ObjectStore,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readObject(store, aliasSecretKey, { limitBytes: 1024, signal });
    // A shorter one was not written by us, and could be guessed.
    return bytes.length === secretBytes ? bytes : undefined;
  } catch (error) {
    if (codeOf(error) === 'STORE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Writes what the aliases of a dump stand for beside its archive. */
export async function writeAliases(
  store: ObjectStore,
  id: string,
  aliases: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const answer: DumpAliases = { aliases };
  const bytes = new TextEncoder().encode(`${JSON.stringify(answer, undefined, 1)}\n`);
  await store.put(aliasesKey(id), bytes, { sizeBytes: bytes.length, signal });
}

/** What the aliases of a finished dump stand for. */
export async function readAliases(store: ObjectStore, dump: Dump): Promise<DumpAliases> {
  if (dump.redaction === 'none') {
    throw new DumpError('DUMP_NOT_REDACTED', say('dump.not-redacted'));
  }
  if (dump.state !== 'ready') {
    throw new DumpError('DUMP_NOT_READY', say('dump.no-aliases-yet'));
  }
  try {
    const bytes = await readObject(store, aliasesKey(dump.id), { limitBytes: maxAliasesBytes });
    return JSON.parse(new TextDecoder().decode(bytes)) as DumpAliases;
  } catch (error) {
    if (codeOf(error) !== 'STORE_NOT_FOUND') throw toDumpError(error);
    throw new DumpError('DUMP_ARCHIVE_MISSING', say('dump.aliases-gone'), { cause: error });
  }
}
