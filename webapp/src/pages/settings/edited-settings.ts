import { settingsPrefix } from './setting-path.ts';

/** More of them than there are settings are no settings. */
const MAX_KEYS = 100;

/** Which of the plugin's settings somebody has edited in the host's form, by key in lower case. */
export class EditedSettings {
  readonly #prefix: string;
  readonly #keys = new Set<string>();

  constructor(pluginId: string) {
    this.#prefix = settingsPrefix(pluginId);
  }

  /** An input was edited; one that is no setting of the plugin does not count. */
  note(input: unknown): void {
    // The buttons of a choice share a name; all other inputs are known by their id alone.
    const { id = '', name = '' } = Object(input) as { id?: unknown; name?: unknown };
    const path = [name, id].find(
      (text): text is string => typeof text === 'string' && text.startsWith(this.#prefix),
    );
    if (path !== undefined && this.#keys.size < MAX_KEYS) {
      this.#keys.add(path.slice(this.#prefix.length).toLowerCase());
    }
  }

  keys(): string[] {
    return [...this.#keys].sort();
  }

  clear(): void {
    this.#keys.clear();
  }
}
