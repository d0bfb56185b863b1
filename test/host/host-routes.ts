import { createReadStream } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import { systemRng } from '../../lib/runtime/index.ts';
import { servePluginMetrics, servePluginRequest } from './plugin-request.ts';
import { serveRest, type RestBackend } from './rest-api.ts';

/** What the addresses of a server lead to. */
export interface HostBackend extends RestBackend {
  /** The server's working directory. */
  directory: string;
  /** Answers what the server itself does not. */
  pages: () => RequestListener | undefined;
  onError: (text: string) => void;
}

/** The addresses of a server: its API, the files of plugins, and what plugins answer themselves. */
export class HostRoutes {
  readonly #backend: HostBackend;

  constructor(backend: HostBackend) {
    this.#backend = backend;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').replace(/\?.*$/, '');
    const pages = this.#backend.pages();
    try {
      if (path.startsWith('/api/v4/')) {
        await serveRest(this.#backend, request, response, path.slice('/api/v4'.length));
      } else if (path.startsWith('/static/plugins/')) {
        this.#serveStatic(path, response);
      } else if (path.startsWith('/plugins/')) {
        await this.#servePlugin(path, request, response);
      } else if (pages !== undefined) {
        pages(request, response);
      } else {
        notFound(response);
      }
    } catch (error) {
      this.#backend.onError(`${request.method ?? ''} ${path}: ${String(error)}`);
      response.destroy();
    }
  }

  /** A request through the socket of local mode, whose user needs no session. */
  async serveLocally(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').replace(/^\/api\/v4|\?.*$/g, '');
    await serveRest(this.#backend, request, response, path, true);
  }

  async #servePlugin(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const id = path.split('/')[2] ?? '';
    const active = this.#backend.plugins.get(id)?.active;
    if (active === undefined) {
      notFound(response);
      return;
    }
    const target = { hooks: active.hooks, broker: active.process.connection.broker };
    await servePluginRequest(request, response, target, {
      accounts: this.#backend.accounts,
      rng: systemRng,
      isCsrfStrict: this.#backend.configuration().ServiceSettings.ExperimentalStrictCSRFEnforcement,
      prefix: `/plugins/${id}`,
      onError: this.#backend.onError,
    });
  }

  /** What the server's metrics port serves of plugins; whoever reaches it may ask. */
  readonly metricsPort: RequestListener = (request, response) => {
    const path = (request.url ?? '/').replace(/\?.*$/, '');
    const [, plugins, id = '', metrics] = path.split('/');
    const active = plugins === 'plugins' ? this.#backend.plugins.get(id)?.active : undefined;
    if (metrics !== 'metrics' || active === undefined) {
      notFound(response);
      return;
    }
    const target = { hooks: active.hooks, broker: active.process.connection.broker };
    const { onError } = this.#backend;
    void servePluginMetrics(request, response, target, {
      prefix: `/plugins/${id}/metrics`,
      onError,
    });
  };

  #serveStatic(path: string, response: ServerResponse): void {
    const { directory, plugins } = this.#backend;
    const [, , , id = '', name = ''] = path.split('/');
    if (plugins.webappPath(id) === undefined || basename(name) !== name || name === '') {
      notFound(response);
      return;
    }
    const file = createReadStream(join(directory, 'client', 'plugins', id, name));
    file.once('error', () => notFound(response));
    file.once('open', () => {
      response.setHeader('Content-Type', name.endsWith('.js') ? 'text/javascript' : 'text/plain');
      file.pipe(response);
    });
  }
}

function notFound(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(404, { 'Content-Type': 'text/plain' }).end('404 page not found\n');
}
