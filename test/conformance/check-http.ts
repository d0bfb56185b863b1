import type { ApiError } from '../../api/index.ts';
import { admin, holds, same, someone, type Bed } from './bed.ts';

/** Every route of the API and one that does not exist. */
const routes: [method: string, path: string][] = [
  ['GET', '/api/v1/status'],
  ['GET', '/api/v1/targets'],
  ['GET', '/api/v1/dumps'],
  ['POST', '/api/v1/dumps'],
  ['GET', '/api/v1/dumps/estimate?from=0&to=1'],
  ['GET', '/api/v1/dumps/aaaaaaaaaaaaaaaaaaaaaaaaaa'],
  ['DELETE', '/api/v1/dumps/aaaaaaaaaaaaaaaaaaaaaaaaaa'],
  ['POST', '/api/v1/dumps/aaaaaaaaaaaaaaaaaaaaaaaaaa/cancel'],
  ['GET', '/api/v1/dumps/aaaaaaaaaaaaaaaaaaaaaaaaaa/archive'],
  ['GET', '/nothing/here'],
  ['GET', '/'],
];

/** Requests that must be refused, with the status and the code of the refusal. */
const refused: [title: string, method: string, path: string, body: string, status: number][] = [
  ['no JSON', 'POST', '/api/v1/dumps', '{"from":', 400],
  ['no range', 'POST', '/api/v1/dumps', '{}', 400],
  ['a reversed range', 'POST', '/api/v1/dumps', '{"from":2000,"to":1000}', 400],
  ['a range without data', 'POST', '/api/v1/dumps', '{"from":1000,"to":2000}', 422],
  ['an unknown id', 'GET', '/api/v1/dumps/aaaaaaaaaaaaaaaaaaaaaaaaaa', '', 404],
  ['an id of the wrong shape', 'GET', '/api/v1/dumps/not-an-id', '', 400],
  ['a path out of the dumps', 'GET', '/api/v1/dumps/..%2f..%2fetc', '', 404],
  ['a huge body', 'POST', '/api/v1/dumps', 'x'.repeat(1024 * 1024), 413],
  ['an unknown route', 'GET', '/api/v1/nothing', '', 404],
];

/** Who may, and what bad requests get. */
export async function checkHttp({ checks, host }: Bed): Promise<void> {
  for (const [user, status] of [
    [undefined, 401],
    [someone, 403],
  ] as const) {
    await checks.check(`every route answers ${status} to ${user ?? 'nobody'}`, async () => {
      for (const [method, path] of routes) {
        const response = await host.request(path, user, { method });
        same(response.status, status, `${method} ${path}`);
        const error = (await response.json()) as ApiError;
        holds(/^[A-Z_]+$/.test(error.code), `${method} ${path} has no code`);
      }
    });
  }
  await checks.check('a user id that the client forged counts for nothing', async () => {
    const headers = { 'Mattermost-User-Id': admin };
    const response = await host.request('/api/v1/status', undefined, { headers });
    same(response.status, 401, 'status');
  });
  for (const [title, method, path, body, status] of refused) {
    await checks.check(`${title} gets ${status} with a code and a sentence`, async () => {
      const init = body === '' ? { method } : { method, body, headers: jsonHeaders };
      const response = await host.request(path, admin, init);
      same(response.status, status, 'status');
      const error = (await response.json()) as ApiError;
      holds(/^[A-Z_]+$/.test(error.code), `code ${error.code}`);
      holds(error.message.length > 10, `message ${error.message}`);
    });
  }
}

const jsonHeaders = { 'content-type': 'application/json' };
