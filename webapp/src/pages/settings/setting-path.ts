/** What the paths of a plugin's settings begin with: the host's words, in which a dot of an id is a plus. */
export function settingsPrefix(pluginId: string): string {
  return `PluginSettings.Plugins.${pluginId.replaceAll('.', '+')}.`;
}
