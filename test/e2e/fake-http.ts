import type { IncomingMessage, ServerResponse } from 'node:http';

export const CSRF_TOKEN = 'the-csrf-token';

/** As the host decides it: a cookie, and for what changes something the token besides. */
export function isSignedIn(request: IncomingMessage): boolean {
  const cookies = request.headers.cookie ?? '';
  if (!cookies.includes('MMAUTHTOKEN=')) {
    return false;
  }
  return request.method === 'GET' || request.headers['x-csrf-token'] === CSRF_TOKEN;
}

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

export function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
