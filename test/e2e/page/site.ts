import { settingPath, type PageManifest } from './settings.ts';

/** Values of a plugin's settings by key, in lower case as the server keeps them. */
export type SettingValues = Record<string, string | number | boolean>;

/** The part of Mattermost's REST API that the console's frame needs. */
export class SiteApi {
  readonly #basename: string;

  constructor(basename: string) {
    this.#basename = basename;
  }

  /** Where the script of a running plugin is. */
  async bundleUrl(pluginId: string): Promise<string> {
    const answer = await readJson(await this.#send('GET', '/plugins/webapp'));
    const plugins = answer as { id: string; webapp: { bundle_path: string } }[];
    const found = plugins.find(({ id }) => id === pluginId);
    if (found === undefined) {
      throw new Error(`the plugin ${pluginId} is not running`);
    }
    return this.#basename + found.webapp.bundle_path;
  }

  /** Empty for those who may not read the configuration: they see the defaults. */
  async settings(pluginId: string): Promise<SettingValues> {
    const response = await this.#send('GET', '/config');
    if (response.status === 403) {
      return {};
    }
    const { PluginSettings } = (await readJson(response)) as {
      PluginSettings: { Plugins: Record<string, SettingValues | undefined> };
    };
    return PluginSettings.Plugins[pluginId] ?? {};
  }

  /** Keys of the settings that the server's environment decides. */
  async environment(pluginId: string): Promise<string[]> {
    const response = await this.#send('GET', '/config/environment');
    if (response.status === 403) {
      return [];
    }
    const { PluginSettings } = (await readJson(response)) as {
      PluginSettings?: { Plugins?: true | Record<string, Record<string, boolean> | undefined> };
    };
    const plugins = PluginSettings?.Plugins;
    return plugins === undefined || plugins === true ? [] : Object.keys(plugins[pluginId] ?? {});
  }

  /** Throws the server's sentence when the plugin refuses. */
  async save(pluginId: string, values: SettingValues): Promise<void> {
    const change = { PluginSettings: { Plugins: { [pluginId]: values } } };
    await readJson(await this.#send('PUT', '/config/patch', change));
  }

  #send(method: string, path: string, body?: object): Promise<Response> {
    const csrf = /MMCSRF=([^;]+)/.exec(document.cookie)?.[1] ?? '';
    return fetch(`${this.#basename}/api/v4${path}`, {
      method,
      headers: { 'X-Requested-With': 'XMLHttpRequest', 'X-CSRF-Token': csrf },
      ...(body && { body: JSON.stringify(body) }),
    });
  }
}

/** Throws the sentence of an answer that is not a success. */
async function readJson(response: Response): Promise<unknown> {
  const answer = (await response.json()) as { message?: string };
  if (!response.ok) {
    throw new Error(answer.message ?? String(response.status));
  }
  return answer;
}

/** What the inputs of the form hold, in the types that the settings have. */
export function readForm(form: HTMLFormElement, manifest: PageManifest): SettingValues {
  const values: SettingValues = {};
  const entered = new FormData(form);
  for (const { key, type } of manifest.settings_schema.settings ?? []) {
    const value = entered.get(settingPath(manifest.id, key));
    if (typeof value === 'string') {
      values[key.toLowerCase()] =
        type === 'number' ? Number(value) : type === 'bool' ? value === 'true' : value;
    }
  }
  return values;
}

/** The manifest with the server's values in place of the defaults, for the form to show. */
export function withValues(manifest: PageManifest, values: SettingValues): PageManifest {
  const filled = structuredClone(manifest);
  for (const setting of filled.settings_schema.settings ?? []) {
    const value = values[setting.key.toLowerCase()];
    if (value !== undefined) {
      setting.default = value;
    }
  }
  return filled;
}
