import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRng } from '../../lib/runtime/index.ts';

const people = 60;
const databases = 40;

/**
 * An exporter of which the labels name hosts and people: what a redacted dump must not tell. Counters
 * begin anew, series come and go.
 */
export class PrivateExporter {
  scrapes = 0;
  /** Texts none of which may be found anywhere in a redacted dump. */
  readonly secrets: readonly string[];
  readonly #users: readonly string[];
  readonly #hosts: readonly string[];
  readonly #random: () => number;
  #server: Server | undefined;

  constructor(seed: number) {
    this.#random = seededRng(seed).u32;
    const chars = 'abcdefghijklmnopqrstuvwxyz0123456789';
    const id = () => Array.from({ length: 26 }, () => chars[this.#random() % 36]).join('');
    this.#users = Array.from({ length: people }, id);
    const number = () => String(this.#random() % 10_000);
    const name = (at: number) => `vault${at}-${number()}.corp.internal`;
    this.#hosts = Array.from({ length: databases }, (_, at) => name(at));
    const mails = this.#users.map(mailOf);
    this.secrets = [...this.#users, ...this.#hosts, ...mails, 'corp.internal', '10.77.'];
  }

  async start(): Promise<number> {
    const server = createServer((request, response) => {
      if (request.url !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end(`${this.#lines().join('\n')}\n`);
      this.scrapes++;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  #lines(): string[] {
    return [
      '# TYPE private_calls counter',
      ...this.#users.map((user, at) => {
        // Not all begin anew at once.
        const count = 10 * ((this.scrapes + at) % 7) + at;
        return `private_calls{user_id="${user}",kind="read"} ${count}`;
      }),
      '# TYPE private_level gauge',
      ...this.#hosts.flatMap((host, at) => [
        ...((this.scrapes + at) % 4 < 3
          ? [`private_level{db_host="${host}"} ${this.#value()}`]
          : []),
        `private_lag{url="https://${host}/git",peer="10.77.${at}.9:5432",${this.#noteOf(at)}} ${this.#value()}`,
      ]),
      '# TYPE private_seconds histogram',
      ...this.#users.slice(0, 20).flatMap((user, at) => this.#histogram(mailOf(user), at)),
    ];
  }

  /** A label whose name says nothing of what its value tells. */
  #noteOf(at: number): string {
    const user = this.#users[at % people]!;
    return `note="asked by ${mailOf(user)}, for ${user}"`;
  }

  #histogram(mail: string, at: number): string[] {
    const count = this.scrapes * (at + 1);
    const labels = `{email="${mail}"`;
    return [
      `private_seconds_bucket${labels},le="0.5"} ${Math.floor(count / 2)}`,
      `private_seconds_bucket${labels},le="+Inf"} ${count}`,
      `private_seconds_sum${labels}} ${count / 3}`,
      `private_seconds_count${labels}} ${count}`,
    ];
  }

  #value(): number {
    return (this.#random() - 2 ** 31) / 2 ** (this.#random() % 40);
  }
}

function mailOf(user: string): string {
  return `${user.slice(0, 9)}@corp.example`;
}
