/** What a session sends along: a browser's cookies and CSRF token, or a token of the API. */
export type Credentials =
  { kind: 'cookies'; cookies: string; csrf: string } | { kind: 'token'; token: string };

/** Everybody's; the server wants it long and mixed. */
export const password = 'Secret-of-nobody-1';

/** Requests to a Mattermost server as one user. */
export class SiteClient {
  readonly #url: string;
  readonly #credentials: Credentials | undefined;

  constructor(url: string, credentials?: Credentials) {
    this.#url = url;
    this.#credentials = credentials;
  }

  /** Signs in as a browser does. */
  async signIn(login_id: string): Promise<SiteClient> {
    const response = await this.fetch('/api/v4/users/login', {
      method: 'POST',
      headers: { 'x-requested-with': 'XMLHttpRequest' },
      body: JSON.stringify({ login_id, password }),
    });
    if (!response.ok) throw new Error(`login: ${response.status} ${await response.text()}`);
    const pairs = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
    const csrf = pairs.find((pair) => pair.startsWith('MMCSRF='))?.slice('MMCSRF='.length);
    if (csrf === undefined) throw new Error(`the login set no MMCSRF, only ${pairs.join('; ')}`);
    return new SiteClient(this.#url, { kind: 'cookies', cookies: pairs.join('; '), csrf });
  }

  withToken(token: string): SiteClient {
    return new SiteClient(this.#url, { kind: 'token', token });
  }

  /** The same session without what proves that our own page asks. */
  withoutCsrf(): SiteClient {
    if (this.#credentials?.kind !== 'cookies') throw new Error('not a session of cookies');
    return new SiteClient(this.#url, { ...this.#credentials, csrf: '' });
  }

  /** What a websocket signs in with. */
  get sessionToken(): string {
    if (this.#credentials?.kind === 'token') return this.#credentials.token;
    const pairs = this.#credentials?.cookies.split('; ') ?? [];
    const token = pairs.find((pair) => pair.startsWith('MMAUTHTOKEN='));
    return token?.slice('MMAUTHTOKEN='.length) ?? '';
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const credentials = this.#credentials;
    if (credentials?.kind === 'token') headers.set('authorization', `Bearer ${credentials.token}`);
    if (credentials?.kind === 'cookies') {
      headers.set('cookie', credentials.cookies);
      if (credentials.csrf !== '') headers.set('x-csrf-token', credentials.csrf);
    }
    return fetch(`${this.#url}${path}`, { ...init, headers });
  }

  /** A call whose answer is JSON; a status that is not a success throws with the server's words. */
  async call<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    const response = await this.fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Body;
  }
}
