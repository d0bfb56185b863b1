// Pages with the frame of System Console, for tests and the demo: they show a built plugin bundle in
// a browser without a Mattermost web client.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import type { PageManifest, PageOptions } from './page/settings.ts';

const pageDir = join(import.meta.dirname, 'page');
const repository = resolve(import.meta.dirname, '../..');

/** Packages that a page takes its React from; other versions come by npm aliases. */
export interface ReactPackages {
  react: string;
  reactDom: string;
  /** True for React 17, which has no `createRoot`. */
  isLegacy: boolean;
}

export const react17: ReactPackages = {
  react: 'react-17',
  reactDom: 'react-dom-17',
  isLegacy: true,
};
export const react18: ReactPackages = { react: 'react', reactDom: 'react-dom', isLegacy: false };
export const react19: ReactPackages = {
  react: 'react-19',
  reactDom: 'react-dom-19',
  isLegacy: false,
};

export interface ConsolePagesOptions {
  pluginId: string;
  /** Path that the site is served below, without a slash at its end. */
  basename?: string;
  /** From `buildConsoleScript`, to build it once for many sites. */
  script?: Promise<string>;
  /** Set with every page, for example `MMCSRF=…; Path=/`. */
  setCookies?: string[];
  /** The plugin's manifest; plugin.json of the repository when absent. */
  manifest?: PageManifest;
  /** Whether the site serves `/api/v4/websocket`; tests play the socket otherwise. */
  hasSocket?: boolean;
}

/** The policy of a Mattermost server: scripts only from the site itself. */
export const CONTENT_SECURITY_POLICY = "frame-ancestors 'self'; script-src 'self'";

/** Path of the plugin's page below the basename. */
export function consolePagePath(pluginId: string): string {
  return `/admin_console/plugins/plugin_${pluginId}`;
}

/**
 * Answers `GET <basename>/admin_console/…` with the page and `GET <basename>/console-page/…` with what
 * it needs; `/` leads there; anything else is not found. With `?locale=de` it is German, with
 * `theme=dark` it is dark, with `settings=readonly` as for those who may only read settings. The page asks the site's REST API for the
 * plugin's script, and loads and saves its settings there. Its own script is built once, at the first
 * request.
 */
export function consolePages(options: ConsolePagesOptions): RequestListener {
  let script = options.script ?? null;
  const basename = options.basename ?? '';
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = url.pathname.startsWith(basename) ? url.pathname.slice(basename.length) : '';
    if (path.startsWith('/admin_console/')) {
      response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
      response.setHeader('Set-Cookie', options.setCookies ?? []);
      send(request, response, 'text/html; charset=utf-8', pageHtml(options, url.searchParams));
    } else if (path === '/console-page/host.css') {
      send(request, response, 'text/css', readFileSync(join(pageDir, 'host.css'), 'utf8'));
    } else if (path === '/console-page/host.js') {
      script ??= buildConsoleScript(react18);
      script.then(
        (text) => {
          send(request, response, 'text/javascript; charset=utf-8', text);
        },
        (error: unknown) => {
          response.writeHead(500).end(String(error));
        },
      );
    } else if (path === '/' || path === '') {
      response.writeHead(302, { Location: basename + consolePagePath(options.pluginId) }).end();
    } else {
      response.writeHead(404).end('not found');
    }
  };
}

function send(request: IncomingMessage, response: ServerResponse, type: string, body: string) {
  response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function pageHtml(options: ConsolePagesOptions, query: URLSearchParams): string {
  const basename = options.basename ?? '';
  const page: PageOptions = {
    manifest: options.manifest ?? readManifest(),
    basename,
    locale: query.get('locale') ?? 'en',
    isDark: query.get('theme') === 'dark',
    isReadOnly: query.get('settings') === 'readonly',
    hasSocket: options.hasSocket ?? false,
  };
  return `<!doctype html>
<html lang="${escapeAttribute(page.locale)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>System Console</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${basename}/console-page/host.css">
<script defer src="${basename}/console-page/host.js"></script>
</head>
<body class="app__body console__body">
<div id="root" data-options="${escapeAttribute(JSON.stringify(page))}"></div>
</body>
</html>
`;
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

function readManifest(): PageManifest {
  return JSON.parse(readFileSync(join(repository, 'plugin.json'), 'utf8')) as PageManifest;
}

/**
 * The script of the page with the given React. It is the development build, because that reports
 * mistakes that the production build keeps quiet.
 */
export async function buildConsoleScript(packages: ReactPackages): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: repository,
    entryPoints: [join(pageDir, 'host.tsx')],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2020',
    jsx: 'transform',
    tsconfigRaw: '{}',
    logLevel: 'warning',
    define: { 'process.env.NODE_ENV': '"development"' },
    alias: {
      react: packages.react,
      'react-dom': packages.reactDom,
      'host-mount': join(pageDir, packages.isLegacy ? 'mount-legacy.ts' : 'mount-root.ts'),
    },
  });
  const text = outputFiles[0]?.text;
  if (text === undefined) {
    throw new Error('the script of the console page came out empty');
  }
  return text;
}
