import { describe, expect, test } from '@jest/globals';
import { dump, id, preview, refuses, webBed } from './web-fixture.ts';

const bed = webBed();

class Coded extends Error {
  readonly code: string;
  constructor(code: string) {
    super(`sentence of ${code}`);
    this.code = code;
  }
}

describe('dumps', () => {
  function post(body: string): Promise<Response> {
    return bed().request('/api/v1/dumps', { method: 'POST', body });
  }

  test('creates one for the user who asks', async () => {
    const answer = await post('{"from": 1000, "to": 2000}');
    expect([answer.status, await answer.json()]).toEqual([201, dump]);
    expect(bed().dumps.created).toEqual([{ fromMs: 1000, toMs: 2000, userId: 'admin' }]);
  });

  test('does nothing by a path that neither the audit trail nor the limit of attempts knows', async () => {
    for (const path of ['/api/v1/dumps//', '/api/v1//dumps', '//api/v1/dumps']) {
      const asked = bed().request(path, { method: 'POST', body: '{"from":1,"to":2}' });
      await refuses(asked, 404, 'NOT_FOUND');
    }
    expect(bed().dumps.created).toEqual([]);
  });

  test('creates one of some series, and refuses a filter that makes no sense', async () => {
    const filter = { nodes: ['app1'], jobs: [], metrics: ['go_*'] };
    expect((await post('{"from":1,"to":2,"nodes":["app1"],"metrics":["go_*"]}')).status).toBe(201);
    expect(bed().dumps.filters).toEqual([filter]);
    await refuses(post('{"from":1,"to":2,"nodes":"app1"}'), 400, 'DUMP_FILTER_INVALID');
    expect(bed().dumps.filters).toHaveLength(1);
  });

  test('creates a redacted one, and gives its aliases to administrators only', async () => {
    expect((await post('{"from":1,"to":2,"redaction":"hosts-and-ids"}')).status).toBe(201);
    expect((await post('{"from":1,"to":2}')).status).toBe(201);
    expect(bed().dumps.redactions).toEqual(['hosts-and-ids', 'none']);
    await refuses(post('{"from":1,"to":2,"redaction":"all"}'), 400, 'DUMP_REDACTION_INVALID');
    expect((await post('{"from":1,"to":2,"stepSeconds":300}')).status).toBe(201);
    expect(bed().dumps.steps).toEqual([0, 0, 300]);
    await refuses(post('{"from":1,"to":2,"stepSeconds":1}'), 400, 'DUMP_STEP_INVALID');
    const path = `/api/v1/dumps/${id}/aliases`;
    const answer = await bed().request(path);
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename=aliases_${id}.json`,
    );
    expect(await answer.json()).toEqual({ aliases: { 'host-1': 'app1' } });
    for (const user of ['reader', 'writer']) {
      await refuses(bed().request(path, {}, user), 403, 'NOT_PERMITTED');
      await refuses(bed().request(`${path.toUpperCase()}/`, {}, user), 403, 'NOT_PERMITTED');
    }
  });

  test('lets one user begin ten within a minute, and another all the same', async () => {
    for (let at = 0; at < 10; at++) expect((await post('{"from": 1, "to": 2}')).status).toBe(201);
    const refused = await post('{"from": 1, "to": 2}');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    await refuses(
      bed().request('/jobs/create', { method: 'POST', body: '{"min_t": 1, "max_t": 2}' }),
      429,
      'DUMP_TOO_MANY',
    );
    const other = { method: 'POST', body: '{"from": 1, "to": 2}' };
    expect((await bed().request('/api/v1/dumps', other, 'writer')).status).toBe(201);
    await bed().clock.advance(60_000);
    expect((await post('{"from": 1, "to": 2}')).status).toBe(201);
  });

  test('refuses bodies that are not a range', async () => {
    await refuses(post('{"from": 1'), 400, 'BODY_NOT_JSON');
    await refuses(post(''), 400, 'DUMP_RANGE_INVALID');
    await refuses(post('[]'), 400, 'DUMP_RANGE_INVALID');
    await refuses(post('{"from": 1}'), 400, 'DUMP_RANGE_INVALID');
    await refuses(post('{"from": "1", "to": 2}'), 400, 'DUMP_RANGE_INVALID');
    await refuses(post('{"from": 1.5, "to": 2}'), 400, 'DUMP_RANGE_INVALID');
    await refuses(post('{"from": 1, "to": 1e300}'), 400, 'DUMP_RANGE_INVALID');
  });

  test('takes a body at the cap and refuses one byte more', async () => {
    const range = '{"from": 1, "to": 2}';
    expect((await post(range.padEnd(65_536))).status).toBe(201);
    await refuses(post(range.padEnd(65_537)), 413, 'BODY_TOO_LARGE');
  });

  test('reads the range of an estimate from the query', async () => {
    const answer = await bed().request('/api/v1/dumps/estimate?from=-5&to=20');
    expect(await answer.json()).toEqual({ bytes: 1, samples: 2, series: 4, seconds: 3 });
    await refuses(bed().request('/api/v1/dumps/estimate?from=x&to=1'), 400, 'DUMP_RANGE_INVALID');
  });

  test('tells those who may read what a dump can be limited to', async () => {
    const answer = await bed().request('/api/v1/dumps/choices?from=5&to=20', {}, 'reader');
    expect(await answer.json()).toEqual({ hosts: ['app1', 'gone'], jobs: ['a'], isCut: false });
    expect(bed().dumps.questions).toEqual([{ fromMs: 5, toMs: 20 }]);
    await refuses(bed().request('/api/v1/dumps/choices?from=5'), 400, 'DUMP_RANGE_INVALID');
    for (let at = 1; at < 120; at++) await bed().request('/api/v1/dumps/choices?from=1&to=2');
    await refuses(bed().request('/api/v1/dumps/choices?from=1&to=2'), 429, 'DUMP_TOO_MANY');
  });

  test('reads what an estimate is of from the query, and answers one kind 120 times a minute', async () => {
    const asked = 'nodes=a&nodes=b%3A1&metrics=go_*&stepSeconds=60&redaction=hosts-and-ids';
    const path = `/api/v1/dumps/estimate?from=1&to=2&${asked}`;
    expect((await bed().request(path)).status).toBe(200);
    expect(bed().dumps.questions).toEqual([
      {
        ...{ fromMs: 1, toMs: 2, redaction: 'hosts-and-ids', stepSeconds: 60 },
        filter: { nodes: ['a', 'b:1'], jobs: [], metrics: ['go_*'] },
      },
    ]);
    await refuses(bed().request(`${path}&stepSeconds=9`), 400, 'DUMP_STEP_INVALID');
    await refuses(
      bed().request('/api/v1/dumps/estimate?from=1&to=2&nodes='),
      400,
      'DUMP_FILTER_INVALID',
    );
    for (let at = 3; at < 120; at++) await bed().request('/api/v1/dumps/estimate?from=1&to=2');
    await refuses(bed().request('/api/v1/dumps/estimate?from=1&to=2'), 429, 'DUMP_TOO_MANY');
    expect((await bed().request('/api/v1/dumps/estimate?from=1&to=2', {}, 'writer')).status).toBe(
      200,
    );
    await bed().clock.advance(60_000);
    expect((await bed().request('/api/v1/dumps/estimate?from=1&to=2')).status).toBe(200);
  });

  test('shows who may write what a dump would give away, and makes nothing of it', async () => {
    const body = '{"from":1,"to":2,"jobs":["a"],"redaction":"hosts-and-ids","stepSeconds":60}';
    const answer = await bed().request('/api/v1/dumps/preview', { method: 'POST', body });
    expect([answer.status, await answer.json()]).toEqual([200, preview]);
    const filter = { nodes: [], jobs: ['a'], metrics: [] };
    expect(bed().dumps.questions).toEqual([
      { fromMs: 1, toMs: 2, filter, redaction: 'hosts-and-ids', stepSeconds: 60 },
    ]);
    expect(bed().dumps.created).toEqual([]);
    const bad = bed().request('/api/v1/dumps/preview', { method: 'POST', body: '{"from":1}' });
    await refuses(bad, 400, 'DUMP_RANGE_INVALID');
    for (let at = 2; at < 120; at++) {
      await bed().request('/api/v1/dumps/preview', { method: 'POST', body });
    }
    const late = bed().request('/api/v1/dumps/preview', { method: 'POST', body });
    await refuses(late, 429, 'DUMP_TOO_MANY');
  });

  test('refuses ids that could be anything but an id', async () => {
    for (const bad of ['short', `${id}a`, id.toUpperCase(), '..%2f..%2fetc', '%00']) {
      await refuses(bed().request(`/api/v1/dumps/${bad}`), 400, 'DUMP_BAD_ID');
      await refuses(bed().request(`/api/v1/dumps/${bad}/archive`), 400, 'DUMP_BAD_ID');
      await refuses(
        bed().request(`/api/v1/dumps/${bad}`, { method: 'DELETE' }),
        400,
        'DUMP_BAD_ID',
      );
    }
    expect(bed().dumps.deleted).toEqual([]);
  });

  test('refuses an address and a body that cannot be decoded', async () => {
    await refuses(bed().request('/api/v1/dumps/%E0%A4%A'), 400, 'REQUEST_UNREADABLE');
    for (const encoding of ['br', 'gzip', 'deflate']) {
      const headers = { 'Content-Encoding': encoding };
      const answer = bed().request('/api/v1/dumps', {
        method: 'POST',
        body: 'not compressed',
        headers,
      });
      await refuses(answer, 400, 'REQUEST_UNREADABLE');
    }
  });

  test('gives coded errors their status and hides defects', async () => {
    const cases: [string, number][] = [
      ['DUMP_RANGE_EMPTY', 422],
      ['DUMP_NOT_FOUND', 404],
      ['DUMP_QUEUE_FULL', 429],
      ['DUMP_NO_SPACE', 507],
    ];
    for (const [code, status] of cases) {
      bed().dumps.failure = new Coded(code);
      await refuses(bed().request(`/api/v1/dumps/${id}`), status, code);
    }
    bed().dumps.failure = new Error('secret path /etc');
    const answer = await bed().request(`/api/v1/dumps/${id}`);
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(text).toContain('INTERNAL');
    expect(text).not.toContain('secret');
  });

  test('deletes with an empty answer', async () => {
    const answer = await bed().request(`/api/v1/dumps/${id}`, { method: 'DELETE' });
    expect([answer.status, await answer.text(), bed().dumps.deleted]).toEqual([204, '', [id]]);
  });
});
