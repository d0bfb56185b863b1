/** What the frame reads of a plugin's manifest, in the shape of plugin.json. */
export interface PageManifest {
  id: string;
  name: string;
  version: string;
  settings_schema: {
    header?: string;
    settings?: PageSetting[];
  };
}

export interface PageSetting {
  key: string;
  type: string;
  display_name?: string;
  help_text?: string;
  default?: string | number | boolean;
  placeholder?: string;
}

/** What the server tells the page, through an attribute of its root element. */
export interface PageOptions {
  manifest: PageManifest;
  basename: string;
  /** Language of the page and of what the plugin is asked to say. */
  locale: string;
  isDark: boolean;
  /** Shows the settings as to somebody who may not change them: all of them `disabled`. */
  isReadOnly: boolean;
  /** Whether the site has a socket for events, as Mattermost does; else tests play it. */
  hasSocket: boolean;
}

/** The host's name for a setting: its path in the configuration, in which a dot of an id is a plus. */
export function settingPath(pluginId: string, key: string): string {
  return `PluginSettings.Plugins.${pluginId.replaceAll('.', '+')}.${key.toLowerCase()}`;
}
