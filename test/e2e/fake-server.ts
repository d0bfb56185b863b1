import type { IncomingMessage, ServerResponse } from 'node:http';
import { inEnglish } from '../../api/index.ts';
import { refuseChange, type RawSettings } from '../../server/settings/index.ts';
import { answer, isSignedIn, readJson } from './fake-http.ts';

interface ConfigPatch {
  PluginSettings?: { Plugins?: Record<string, RawSettings | undefined> };
}

/**
 * The part of Mattermost's REST API that the console and the plugin's page ask. Changes of the plugin's
 * settings go through the plugin's own check, as the server hands them to it.
 */
export class FakeServer {
  /** What is saved of the plugin's settings, by key in lower case. */
  settings: RawSettings = {};
  /** The map of what the server's environment decides. */
  environment: object = {};
  /** Names of users by their ids. */
  usernames: Record<string, string> = {};
  /** Bodies of changes of the configuration. */
  readonly configPatches: unknown[] = [];
  /** How a change that is not of the plugin's settings is answered. */
  configAnswer: { status: number; body: object } = {
    status: 200,
    body: { MetricsSettings: { Enable: true } },
  };
  /** Sentences with which the plugin has refused; the host keeps them to itself. */
  readonly refused: string[] = [];
  readonly #pluginId: string;
  readonly #bundlePath: string;

  /** `bundlePath` is where the site, without its base, has the plugin's script. */
  constructor(pluginId: string, bundlePath: string) {
    this.#pluginId = pluginId;
    this.#bundlePath = bundlePath;
  }

  /** Serves `path`, which begins after `/api/v4`. */
  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const route = `${request.method ?? 'GET'} ${path}`;
    if (!isSignedIn(request)) {
      answer(response, 401, { id: 'api.context.session_expired.app_error', message: 'Sign in.' });
    } else if (route === 'GET /plugins/webapp') {
      answer(response, 200, [{ id: this.#pluginId, webapp: { bundle_path: this.#bundlePath } }]);
    } else if (route === 'GET /config') {
      answer(response, 200, { PluginSettings: { Plugins: { [this.#pluginId]: this.settings } } });
    } else if (route === 'GET /config/environment') {
      answer(response, 200, this.environment);
    } else if (route === 'POST /users/ids') {
      const ids = (await readJson(request)) as string[];
      const known = ids.flatMap((id) => ({ id, username: this.usernames[id] }));
      answer(
        response,
        200,
        known.filter(({ username }) => username !== undefined),
      );
    } else if (route === 'PUT /config/patch') {
      this.#patch((await readJson(request)) as ConfigPatch, response);
    } else {
      answer(response, 404, { id: 'api.context.404.app_error', message: 'Not found.' });
    }
  }

  #patch(patch: ConfigPatch, response: ServerResponse): void {
    this.configPatches.push(patch);
    const next = patch.PluginSettings?.Plugins?.[this.#pluginId];
    const refusal = next === undefined ? undefined : refuseChange(this.settings, next);
    if (next === undefined) {
      answer(response, this.configAnswer.status, this.configAnswer.body);
    } else if (refusal === undefined) {
      this.settings = next;
      answer(response, 200, patch);
    } else {
      this.refused.push(inEnglish(refusal));
      const message = 'An error occurred running the plugin hook on configuration save.';
      answer(response, 400, { id: 'app.save_config.plugin_hook_error', message });
    }
  }
}
