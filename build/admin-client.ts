import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';

/** Where a Mattermost server is reached and as whom. */
export interface ServerAddress {
  /** Unix socket of the server's local mode, which asks for no login. */
  socketPath?: string | undefined;
  /** Else its address, a sub-path included. */
  siteUrl?: string | undefined;
  token?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
}

/** State of the plugin on one node; 2 is running, 3 and 4 are failures. */
export interface NodeStatus {
  plugin_id: string;
  cluster_id: string;
  state: number;
  error?: string;
}

/** The server refused. `code` is `ADMIN_REFUSED`; the message is the server's own. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly code = 'ADMIN_REFUSED';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

interface Answer {
  headers: NodeJS.Dict<string | string[]>;
  body: unknown;
}

/** The few calls of the server's REST API that installing a plugin takes. */
export class AdminClient {
  readonly #address: ServerAddress;
  readonly #signal: AbortSignal;
  #token: string | undefined;

  constructor(address: ServerAddress, signal: AbortSignal) {
    this.#address = address;
    this.#signal = signal;
    this.#token = address.token;
  }

  /** Logs in with name and password where there is neither a local socket nor a token. */
  async logIn(): Promise<void> {
    const { socketPath, username, password } = this.#address;
    if (socketPath !== undefined || this.#token !== undefined) return;
    const body = Buffer.from(JSON.stringify({ login_id: username, password }));
    const { headers } = await this.#call('POST', '/users/login', body, 'application/json');
    const token = headers['token'];
    if (typeof token !== 'string') throw new AdminError('the login gave no session token', 200);
    this.#token = token;
  }

  /** Installs a bundle over whatever version is there. */
  async upload(fileName: string, bundle: Uint8Array): Promise<void> {
    const boundary = `metrics-plugin-${process.pid}`;
    const part = (head: string) => Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`);
    const body = Buffer.concat([
      part('Content-Disposition: form-data; name="force"'),
      Buffer.from('true\r\n'),
      part(
        `Content-Disposition: form-data; name="plugin"; filename="${fileName}"\r\nContent-Type: application/gzip`,
      ),
      bundle,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    await this.#call('POST', '/plugins', body, `multipart/form-data; boundary=${boundary}`);
  }

  async enable(id: string): Promise<void> {
    await this.#call('POST', `/plugins/${id}/enable`);
  }

  /** Whether the plugin runs on the server that is asked: local mode tells nothing of other nodes. */
  async isActive(id: string): Promise<boolean> {
    const { body } = await this.#call('GET', '/plugins');
    return (body as { active: { id: string }[] }).active.some((plugin) => plugin.id === id);
  }

  /** The plugin's state on every node that has it. */
  async statuses(id: string): Promise<NodeStatus[]> {
    const { body } = await this.#call('GET', '/plugins/statuses');
    return (body as NodeStatus[]).filter(({ plugin_id }) => plugin_id === id);
  }

  async #call(method: string, path: string, body?: Buffer, type?: string): Promise<Answer> {
    const { socketPath, siteUrl = 'http://localhost' } = this.#address;
    const url = new URL(`${siteUrl.replace(/\/$/, '')}/api/v4${path}`);
    const options: RequestOptions = {
      method,
      signal: this.#signal,
      headers: {
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(type === undefined ? {} : { 'content-type': type }),
        'content-length': body?.length ?? 0,
      },
      ...(socketPath === undefined ? {} : { socketPath }),
    };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(url, options, (response) => {
        buffer(response)
          .then((content) => {
            const status = response.statusCode ?? 0;
            if (status >= 400) reject(refusal(`${method} ${path}`, status, content));
            else resolve({ headers: response.headers, body: parse(content) });
          })
          .catch(reject);
      });
      request.once('error', reject);
      request.end(body);
    });
  }
}

function parse(content: Buffer): unknown {
  const text = content.toString();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function refusal(call: string, status: number, content: Buffer): AdminError {
  const body = parse(content);
  const said =
    typeof body === 'object' && body !== null && 'message' in body
      ? String(body.message)
      : String(body).slice(0, 200);
  return new AdminError(`${call}: ${status} ${said}`, status);
}
