import type { IncomingMessage } from 'node:http';
import type { Rng } from '../../lib/runtime/index.ts';

export interface User {
  id: string;
  username: string;
  password: string;
  isAdmin: boolean;
  /** What a role of theirs has been given beside. */
  permissions: readonly string[];
}

export interface Session {
  id: string;
  token: string;
  csrf: string;
  user: User;
}

/** Name of the cookie that carries a session's token. */
export const sessionCookie = 'MMAUTHTOKEN';

const idAlphabet = 'ybndrfg8ejkmcpqxot1uwisza345h769';
const idLength = 26;

/** An id as the server makes them: 26 letters and digits. */
export function newId(rng: Rng): string {
  return [...rng.bytes(idLength)].map((byte) => idAlphabet[byte % idAlphabet.length]).join('');
}

/** The users of the server and their sessions. */
export class Accounts {
  readonly #rng: Rng;
  readonly #users = new Map<string, User>();
  readonly #sessions = new Map<string, Session>();

  constructor(rng: Rng) {
    this.#rng = rng;
    this.add('admin', true);
    this.add('user', false);
  }

  /** A user whose password is the name. */
  add(username: string, isAdmin: boolean, permissions: readonly string[] = []): User {
    const user = { id: newId(this.#rng), username, password: username, isAdmin, permissions };
    this.#users.set(username, user);
    return user;
  }

  users(): User[] {
    return [...this.#users.values()];
  }

  user(username: string): User {
    const user = this.#users.get(username);
    if (user === undefined) throw new Error(`there is no user ${username}`);
    return user;
  }

  /** Undefined when name and password do not fit. */
  logIn(username: unknown, password: unknown): Session | undefined {
    const user = typeof username === 'string' ? this.#users.get(username) : undefined;
    return user?.password === password && user !== undefined ? this.openSession(user) : undefined;
  }

  openSession(user: User): Session {
    const session = {
      id: newId(this.#rng),
      token: newId(this.#rng),
      csrf: newId(this.#rng),
      user,
    };
    this.#sessions.set(session.token, session);
    return session;
  }

  session(token: string): Session | undefined {
    return this.#sessions.get(token);
  }

  /** Plugins ask this; system admins have all of the rights that matter here. */
  hasPermission(userId: string, permissionId: string): boolean {
    const user = [...this.#users.values()].find(({ id }) => id === userId);
    return user !== undefined && (user.isAdmin || user.permissions.includes(permissionId));
  }
}

/** How a request says who sends it. */
export interface Credentials {
  token: string;
  isCookie: boolean;
}

/** Looks where the server looks, in its order. */
export function credentialsOf(request: IncomingMessage, query: URLSearchParams): Credentials {
  const authorization = request.headers.authorization ?? '';
  const bearer = /^(?:bearer|token) (.*)$/i.exec(authorization);
  if (bearer !== null) return { token: bearer[1]!, isCookie: false };
  const cookie = parseCookies(request).find(([name]) => name === sessionCookie);
  if (cookie !== undefined) return { token: cookie[1], isCookie: true };
  return { token: query.get('access_token') ?? '', isCookie: false };
}

export function parseCookies(request: IncomingMessage): [name: string, value: string][] {
  return (request.headers.cookie ?? '').split(/;\s*/).flatMap((part) => {
    const equals = part.indexOf('=');
    return equals < 1 ? [] : [[part.slice(0, equals), part.slice(equals + 1)]];
  });
}
