import type { Configuration } from '../configuration.ts';
import { redactText } from '../mattermost/index.ts';
import { declarations, type Declaration, type RawSettings } from '../settings/index.ts';

/** The plugin's settings as they are in force, in the administrator's units; never a secret. */
export interface ShownSettings {
  values: Record<string, string | number | boolean>;
  /** Keys of secrets that have a value. */
  secretsSet: string[];
}

/** What an administrator configured, for whoever helps. */
export function shownSettings({ raw, settings }: Pick<Configuration, 'raw' | 'settings'>) {
  const shown: ShownSettings = { values: {}, secretsSet: [] };
  for (const declaration of declarations) {
    const { key } = declaration;
    if (declaration.kind !== 'longtext') {
      shown.values[key] = valueOf(declaration, settings);
      continue;
    }
    const text = textOf(raw, key);
    if (declaration.isSecret !== true) {
      shown.values[key] = key === 'CustomTargets' ? withoutQueries(text) : text;
    } else if (text.trim() !== '') {
      shown.secretsSet.push(key);
    }
  }
  return shown;
}

function valueOf(
  declaration: Exclude<Declaration, { kind: 'longtext' }>,
  settings: Configuration['settings'],
): string | number | boolean {
  if (declaration.kind === 'number') return settings[declaration.target] / declaration.scale;
  return settings[declaration.target];
}

/** What a URL asks for may be a key to it. */
function withoutQueries(text: string): string {
  return redactText(text.replace(/\?\S+/g, '?…'));
}

/** Keys are spelt as the server likes. */
function textOf(raw: RawSettings, key: string): string {
  const entry = Object.entries(raw).find(([name]) => name.toLowerCase() === key.toLowerCase());
  return typeof entry?.[1] === 'string' ? entry[1] : '';
}
