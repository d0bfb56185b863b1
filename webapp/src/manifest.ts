/** Id and version of the plugin this script was built for. */
export const manifest = { id: PLUGIN_ID, version: PLUGIN_VERSION };
