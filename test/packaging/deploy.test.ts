// Goal: `make deploy` speaks the server's API as Mattermost's own tool does. Method: a server on a
// unix socket or a port that records what it is asked and answers as told.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { manifest } from './built-bundle.ts';

const script = fileURLToPath(new URL('../../build/deploy.ts', import.meta.url));

interface Asked {
  call: string;
  authorization: string | undefined;
  body: string;
}

let directory = '';
let server: Server;
let asked: Asked[] = [];
let states: { state: number; error?: string }[] = [];
/** What the list of active plugins says, each time that it is asked for. */
let activity: boolean[] = [];
let uploadStatus = 201;

async function answer(request: IncomingMessage): Promise<[number, unknown]> {
  const call = `${request.method ?? ''} ${request.url ?? ''}`;
  const body = (await buffer(request)).toString('latin1');
  asked.push({ call, authorization: request.headers.authorization, body });
  if (call.endsWith('/users/login')) return [200, { id: 'someone' }];
  if (call === 'POST /api/v4/plugins') {
    return [uploadStatus, { id: 'x', message: 'Plugins are disabled' }];
  }
  // The list of a server in local mode, which has no route for states.
  if (call === 'GET /api/v4/plugins') {
    const isActive = activity.shift() === true;
    return [200, { active: isActive ? [{ id: manifest.id }] : [], inactive: [] }];
  }
  if (call.endsWith('/statuses')) {
    const state = states.length > 1 ? states.shift() : states[0];
    return [200, [{ plugin_id: manifest.id, cluster_id: '', ...state }]];
  }
  return [200, { status: 'OK' }];
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'deploy-'));
  await writeFile(`${directory}/bundle.tar.gz`, 'the bundle');
  asked = [];
  states = [{ state: 0 }, { state: 2 }];
  activity = [false, false, true];
  uploadStatus = 201;
  server = createServer((request, response) => {
    void answer(request).then(([status, body]) => {
      response.writeHead(status, { token: 'session-token' });
      response.end(JSON.stringify(body));
    });
  });
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

function deploy(env: Record<string, string>): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const args = [script, `${directory}/bundle.tar.gz`];
    const unset = { MM_LOCALSOCKETPATH: `${directory}/none` };
    execFile(
      process.execPath,
      args,
      { env: { PATH: process.env['PATH'], ...unset, ...env } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : 1, output: stdout + stderr });
      },
    );
  });
}

async function listenOnPort(): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('deploy', () => {
  test('uploads, enables and waits over the local socket', async () => {
    const socketPath = `${directory}/local.socket`;
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const result = await deploy({ MM_LOCALSOCKETPATH: socketPath });
    expect(result).toEqual({
      code: 0,
      output: `bundle.tar.gz runs on the server behind ${socketPath}\n`,
    });
    expect(asked.map(({ call }) => call)).toEqual([
      'POST /api/v4/plugins',
      'GET /api/v4/plugins',
      `POST /api/v4/plugins/${manifest.id}/enable`,
      'GET /api/v4/plugins',
      'GET /api/v4/plugins',
    ]);
    expect(asked[0]!.body).toMatch(/name="force"\r\n\r\ntrue\r\n/);
    expect(asked[0]!.body).toMatch(
      /name="plugin"; filename="bundle.tar.gz"[^]*\r\n\r\nthe bundle\r\n/,
    );
    expect(asked[0]!.authorization).toBeUndefined();
  });

  test('logs in with name and password', async () => {
    const result = await deploy({
      MM_SERVICESETTINGS_SITEURL: await listenOnPort(),
      MM_ADMIN_USERNAME: 'root',
      MM_ADMIN_PASSWORD: 'secret',
    });
    expect(result.code).toBe(0);
    expect(asked[0]!.body).toBe('{"login_id":"root","password":"secret"}');
    expect(asked[1]!.authorization).toBe('Bearer session-token');
  });

  test("fails with the server's own words", async () => {
    uploadStatus = 501;
    const result = await deploy({
      MM_SERVICESETTINGS_SITEURL: await listenOnPort(),
      MM_ADMIN_TOKEN: 'token',
    });
    expect(result).toEqual({ code: 1, output: 'POST /plugins: 501 Plugins are disabled\n' });
    expect(asked[0]!.authorization).toBe('Bearer token');
  });

  test('fails with the reason when the plugin does not start', async () => {
    states = [{ state: 3, error: 'no disk' }];
    const result = await deploy({
      MM_SERVICESETTINGS_SITEURL: await listenOnPort(),
      MM_ADMIN_TOKEN: 'token',
    });
    expect(result).toEqual({ code: 1, output: 'the plugin did not start: no disk\n' });
  });

  test('says what to set when no server is named', async () => {
    await listenOnPort();
    expect((await deploy({})).output).toContain('MM_SERVICESETTINGS_SITEURL is not set');
  });
});
