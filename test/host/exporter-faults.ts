import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

/** How the exporter misbehaves; `none` is a good one. */
export type ExporterFault =
  | 'none'
  /** Nothing listens. */
  | 'refuse'
  /** Accepts, and closes without an answer. */
  | 'reset'
  /** Accepts, and never answers. */
  | 'hang'
  /** What is sent is not HTTP. */
  | 'not-http'
  | '404'
  | '503'
  /** Points to another address, where a good body would be. */
  | 'redirect'
  /** One byte at a time. */
  | 'trickle'
  /** Ends in the middle of a body whose length was announced. */
  | 'cut'
  /** Ends in the middle of a chunked body. */
  | 'cut-chunked'
  /** Says gzip and sends something else. */
  | 'bad-gzip'
  /** Says it is compressed in a way that nobody asked for. */
  | 'bad-encoding'
  /** Two gigabytes of well-formed lines. */
  | 'huge'
  /** Two gigabytes of well-formed lines, compressed to almost nothing. */
  | 'gzip-bomb'
  | 'crlf'
  | 'overflow'
  | 'unknown-type'
  | 'noise'
  | 'duplicate'
  | 'nan';

/** Faults of the text alone: the answer itself is a proper one. */
export function spoilBody(fault: ExporterFault, body: string): Buffer {
  switch (fault) {
    case 'crlf':
      return Buffer.from(body.replaceAll('\n', '\r\n'));
    case 'overflow':
      return Buffer.from(insertInMiddle(body, 'mattermost_too_large 1e400'));
    case 'unknown-type':
      return Buffer.from(insertInMiddle(body, '# TYPE mattermost_strange unknown'));
    case 'noise':
      return noise(body.length);
    case 'duplicate':
      return Buffer.from(`${body}${duplicatedLine(body)}\n`);
    case 'nan':
      return Buffer.from(insertInMiddle(body, 'mattermost_not_known_yet NaN'));
    default:
      return Buffer.from(body);
  }
}

function insertInMiddle(body: string, line: string): string {
  const middle = body.indexOf('\n', body.length / 2) + 1;
  return `${body.slice(0, middle)}${line}\n${body.slice(middle)}`;
}

/** The first sample once more, with another value. */
function duplicatedLine(body: string): string {
  const sample = body.split('\n').find((line) => line !== '' && !line.startsWith('#')) ?? '';
  return `${sample.slice(0, sample.lastIndexOf(' '))} 424242`;
}

function noise(length: number): Buffer {
  const bytes = Buffer.alloc(Math.max(length, 1000));
  let state = 12_345;
  for (let at = 0; at < bytes.length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

const hugeBytes = 2 * 1024 ** 3;

/** Sends `unit` again and again until it was `total` bytes or the other side hangs up. */
export function sendForever(response: ServerResponse, unit: Buffer, total: number): void {
  let sent = 0;
  const send = () => {
    while (sent < total && !response.destroyed) {
      sent += unit.length;
      if (!response.write(unit)) {
        response.once('drain', send);
        return;
      }
    }
    if (!response.destroyed) response.end();
  };
  send();
}

/** Answers with two gigabytes of lines, as they are or compressed. */
export function sendHuge(response: ServerResponse, isCompressed: boolean): void {
  const lines: string[] = [];
  const count = isCompressed ? 200_000 : 1000;
  for (let line = 0; line < count; line++) lines.push(`filler{line="${String(line % 1000)}"} 1`);
  const plain = Buffer.from(`${lines.join('\n')}\n`);
  if (!isCompressed) {
    sendForever(response, plain, hugeBytes);
    return;
  }
  // Members of a gzip stream may follow each other: one is made and sent many times.
  const member = gzipSync(plain);
  response.setHeader('Content-Encoding', 'gzip');
  sendForever(response, member, member.length * Math.ceil(hugeBytes / plain.length));
}
