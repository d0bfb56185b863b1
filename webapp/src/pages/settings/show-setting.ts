import { settingsPrefix } from './setting-path.ts';

/** Where the settings begin. */
const firstHeading = '#mmx-settingscollecting';

/**
 * Brings the setting that a text names into sight, and the keyboard to it; where it names none, the
 * beginning of the settings. Of several names the longest counts: it may begin with another one.
 */
export function showSetting(pluginId: string, text: string): void {
  const element = inputNamedIn(pluginId, text) ?? document.querySelector(firstHeading);
  element?.scrollIntoView({ block: 'center' });
  if (element instanceof HTMLElement) {
    element.focus({ preventScroll: true });
  }
}

function inputNamedIn(pluginId: string, text: string): Element | null {
  const prefix = settingsPrefix(pluginId);
  const told = text.toLowerCase();
  const [found] = [...document.querySelectorAll(`[id^="${prefix}"]`)]
    .map((element) => ({ element, key: keyOf(element.id.slice(prefix.length)) }))
    .filter(({ key }) => key !== '' && told.includes(key))
    .sort((a, b) => b.key.length - a.key.length);
  return found?.element ?? null;
}

/** The two buttons of a switch have its key and their value as their id. */
function keyOf(id: string): string {
  return id.replace(/(?:true|false)$/, '').toLowerCase();
}
