import { ClusterError } from './errors.ts';
import { maxMessageBytes, maxTextLength } from './limits.ts';
import { asObject, countOf, parseJson, textOf } from './record-fields.ts';

/** A message between nodes; docs/cluster.md draws it. */
export interface Envelope {
  kind: string;
  /** Ties an answer to its request; empty for a message that has no answer. */
  rid: string;
  from: string;
  /** Empty for all other nodes. */
  to: string;
  /** Of the lease, as the sender knows it: for the reader's information only. */
  epoch: number;
  body: unknown;
}

const envelopeVersion = 1;

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const { kind, rid, from, to, epoch, body } = envelope;
  const text = JSON.stringify({ v: envelopeVersion, k: kind, rid, from, to, epoch, body });
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > maxMessageBytes) {
    const message = `A message of kind ${kind} has ${bytes.length} bytes, at most ${maxMessageBytes} travel.`;
    throw new ClusterError('CLUSTER_TOO_LARGE', message);
  }
  return bytes;
}

/** Reads what any node may have sent; undefined: of a version that is not known here. */
export function parseEnvelope(bytes: Uint8Array): Envelope | undefined {
  if (bytes.length > maxMessageBytes) {
    const message = `A message has ${bytes.length} bytes, at most ${maxMessageBytes} are read.`;
    throw new ClusterError('CLUSTER_TOO_LARGE', message);
  }
  try {
    const fields = asObject(parseJson(bytes));
    const { v } = fields;
    if (typeof v !== 'number') throw new TypeError('v is not a number');
    if (v !== envelopeVersion) return undefined;
    return {
      kind: textOf(fields, 'k'),
      rid: textOf(fields, 'rid'),
      from: textOf(fields, 'from'),
      to: textOf(fields, 'to'),
      epoch: countOf(fields, 'epoch', 0),
      body: fields['body'],
    };
  } catch (cause) {
    const message = `A message cannot be read: ${(cause as Error).message}.`;
    throw new ClusterError('CLUSTER_BAD_MESSAGE', message, { cause });
  }
}

/** What came back for a request. */
export type Reply = { isOk: true; body: unknown } | { isOk: false; code: string; message: string };

export function replyBody(reply: Reply): unknown {
  if (reply.isOk) return { ok: true, body: reply.body };
  return { ok: false, code: reply.code, message: reply.message };
}

export function parseReply(body: unknown): Reply {
  const fields = asObject(body);
  if (fields['ok'] === true) return { isOk: true, body: fields['body'] };
  const { code, message } = fields;
  return {
    isOk: false,
    code:
      typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : 'CLUSTER_REFUSED',
    message: typeof message === 'string' ? message.slice(0, maxTextLength) : '',
  };
}
