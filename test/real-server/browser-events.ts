import { eventually } from '../conformance/checks.ts';
import { patienceMs, type Site } from './site.ts';
import type { SiteClient } from './site-client.ts';

/** What a page of a browser hears over the server's web socket. */
export class BrowserEvents {
  readonly #socket: WebSocket;
  readonly #heard: { event: string; payload: string }[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { event, data: payload } = JSON.parse(String(data)) as {
        event?: string;
        data?: unknown;
      };
      if (event !== undefined) this.#heard.push({ event, payload: JSON.stringify(payload) });
    });
  }

  /** Connects and signs in as pages do; resolves when the server greets. */
  static async open(site: Site, client: SiteClient): Promise<BrowserEvents> {
    const socket = new WebSocket(`${site.server.url.replace('http', 'ws')}/api/v4/websocket`);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', reject, { once: true });
    });
    const page = new BrowserEvents(socket);
    const challenge = {
      seq: 1,
      action: 'authentication_challenge',
      data: { token: client.sessionToken },
    };
    socket.send(JSON.stringify(challenge));
    await eventually('the server greets', patienceMs, () =>
      Promise.resolve(page.payloads('hello').length > 0 ? true : undefined),
    );
    return page;
  }

  /** What came with the events of that name, oldest first, as JSON. */
  payloads(event: string): string[] {
    return this.#heard.filter((one) => one.event === event).map(({ payload }) => payload);
  }

  close(): void {
    this.#socket.close();
  }
}
