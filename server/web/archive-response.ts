import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { say } from '../../api/index.ts';
import { httpError } from './errors.ts';
import type { ArchiveSource } from './services.ts';

/** Bytes `[start, end)` to send, and whether they are the whole. */
interface Selection {
  start: number;
  end: number;
  isPartial: boolean;
}

/** Sends an archive, or the part of it that was asked for, so that an interrupted download resumes. */
export async function sendArchive(
  request: Request,
  response: Response,
  archive: ArchiveSource,
): Promise<void> {
  const quotedEtag = `"${archive.etag}"`;
  setArchiveHeaders(response, archive, quotedEtag);
  if (isUnchanged(request, quotedEtag)) {
    response.status(304).end();
    return;
  }
  const { start, end, isPartial } = select(request, response, archive.sizeBytes, quotedEtag);
  response.status(isPartial ? 206 : 200);
  if (isPartial) {
    const last = String(end - 1);
    const size = String(archive.sizeBytes);
    response.setHeader('Content-Range', `bytes ${String(start)}-${last}/${size}`);
  }
  response.setHeader('Content-Length', end - start);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  await pipeline(await archive.open({ start, end }), response);
}

function setArchiveHeaders(response: Response, archive: ArchiveSource, quotedEtag: string): void {
  response.setHeader('Content-Type', 'application/gzip');
  const encoded = encodeURIComponent(archive.fileName);
  const ascii = archive.fileName.replace(/[^A-Za-z0-9._-]/g, '_');
  response.setHeader(
    'Content-Disposition',
    `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`,
  );
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('ETag', quotedEtag);
  response.setHeader('Cache-Control', 'private, no-store');
}

function isUnchanged(request: Request, quotedEtag: string): boolean {
  const known = request.header('if-none-match');
  return known !== undefined && known.split(',').some((tag) => tag.trim() === quotedEtag);
}

/** One range is honoured; several at once are answered whole, which the standard allows. */
function select(request: Request, response: Response, size: number, quotedEtag: string): Selection {
  const whole: Selection = { start: 0, end: size, isPartial: false };
  const condition = request.header('if-range');
  if (condition !== undefined && condition !== quotedEtag) return whole;
  const ranges = request.range(size);
  if (ranges === -1) {
    response.setHeader('Content-Range', `bytes */${String(size)}`);
    throw httpError(416, 'RANGE_UNSATISFIABLE', say('api.archive-range'));
  }
  const range = Array.isArray(ranges) && ranges.length === 1 ? ranges[0] : undefined;
  if (range === undefined || ranges === -2 || ranges === undefined || ranges.type !== 'bytes') {
    return whole;
  }
  return { start: range.start, end: range.end + 1, isPartial: true };
}
