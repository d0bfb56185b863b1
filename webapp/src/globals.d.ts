/** Text of a stylesheet; the bundler inlines it. */
declare module '*.css' {
  const text: string;
  export default text;
}

/** Put in by the bundler from plugin.json. */
declare const PLUGIN_ID: string;
declare const PLUGIN_VERSION: string;
