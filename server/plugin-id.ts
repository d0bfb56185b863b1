/** The id under which servers know the plugin; never changes. */
export const pluginId = 'com.mattermost.mattermost-plugin-metrics';
