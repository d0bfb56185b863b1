import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';

const root = resolve(import.meta.dirname, '..');

/** Every user of the server loads the script at login, so it stays small: bytes after gzip. */
export const WEBAPP_GZIP_LIMIT = 70_000;

export interface WebappBuildOptions {
  /** Directory that gets `main.js`; plugin.json names `webapp/dist/main.js`. */
  outDir: string;
  minify: boolean;
  /** Put into the script; read from plugin.json when absent. */
  manifest?: { id: string; version: string };
}

export interface WebappBuild {
  file: string;
  bytes: number;
  gzipBytes: number;
}

/** Modules that are the host's own; a second copy of React in one page does not work. */
const hostGlobals: Record<string, string> = {
  react: 'React',
  'react-dom': 'ReactDOM',
  'react-intl': 'ReactIntl',
};

/** Traces of what must not be in the script, and why. */
const forbidden: { trace: RegExp; reason: string }[] = [
  { trace: /\beval\(/, reason: 'the content security policy of the host blocks eval' },
  { trace: /\bnew Function\b/, reason: 'the content security policy of the host blocks it' },
  {
    trace: /SECRET_INTERNALS|CLIENT_INTERNALS|SERVER_INTERNALS/,
    reason: 'a bundled React crashes beside the one of the host',
  },
  { trace: /\bstyled-components\b/, reason: 'the host no longer offers it' },
];

/** Builds the System Console part into `main.js`, with esbuild's `meta.json` beside it; throws when it breaks one of its rules. */
export async function buildWebapp(options: WebappBuildOptions): Promise<WebappBuild> {
  const manifest = options.manifest ?? (await readManifest());
  const file = join(options.outDir, 'main.js');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['webapp/src/index.tsx'],
    outfile: file,
    bundle: true,
    preserveSymlinks: true,
    metafile: true,
    minify: options.minify,
    format: 'iife',
    platform: 'browser',
    target: 'es2020',
    charset: 'utf8',
    jsx: 'transform',
    loader: { '.css': 'text' },
    legalComments: 'none',
    logLevel: 'warning',
    define: {
      'process.env.NODE_ENV': '"production"',
      PLUGIN_ID: JSON.stringify(manifest.id),
      PLUGIN_VERSION: JSON.stringify(manifest.version),
    },
    banner: { js: `/*! ${manifest.id} ${manifest.version} */` },
    plugins: [useHostGlobals, minifyStyles(options.minify)],
  });
  // What went in, for the list of third-party notices.
  await writeFile(join(options.outDir, 'meta.json'), JSON.stringify(metafile));
  const script = await readFile(file);
  const gzipBytes = gzipSync(script, { level: 9 }).length;
  checkWebapp(script.toString('utf8'), gzipBytes);
  return { file, bytes: script.length, gzipBytes };
}

/** Throws when the script holds something forbidden or is over its budget. */
export function checkWebapp(script: string, gzipBytes: number): void {
  for (const { trace, reason } of forbidden) {
    const found = trace.exec(script);
    if (found !== null) {
      throw new Error(`the webapp script contains ${found[0]}: ${reason}`);
    }
  }
  if (gzipBytes > WEBAPP_GZIP_LIMIT) {
    throw new Error(
      `the webapp script has ${String(gzipBytes)} bytes after gzip; the limit is ${String(WEBAPP_GZIP_LIMIT)}`,
    );
  }
}

const useHostGlobals: Plugin = {
  name: 'host-globals',
  setup(bundler) {
    bundler.onResolve({ filter: /^(react|react-dom|react-intl)$/ }, ({ path }) => ({
      path,
      namespace: 'host-global',
    }));
    bundler.onResolve({ filter: /^react\/jsx-(dev-)?runtime$/ }, () => ({
      path: join(root, 'webapp/src/host/jsx-runtime.ts'),
    }));
    bundler.onLoad({ filter: /.*/, namespace: 'host-global' }, ({ path }) => ({
      contents: `module.exports = window.${hostGlobals[path] ?? ''};`,
      loader: 'js',
    }));
  },
};

/** Styles travel as text inside the script, where the script's minifier does not reach. */
function minifyStyles(minify: boolean): Plugin {
  return {
    name: 'minify-styles',
    setup(bundler) {
      bundler.onLoad({ filter: /\.css$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        const { code } = await bundler.esbuild.transform(source, { loader: 'css', minify });
        return { contents: code, loader: 'text' };
      });
    },
  };
}

async function readManifest(): Promise<{ id: string; version: string }> {
  const manifest: unknown = JSON.parse(await readFile(join(root, 'plugin.json'), 'utf8'));
  if (
    typeof manifest !== 'object' ||
    manifest === null ||
    !('id' in manifest) ||
    !('version' in manifest) ||
    typeof manifest.id !== 'string' ||
    typeof manifest.version !== 'string'
  ) {
    throw new Error('plugin.json has no id or no version');
  }
  return { id: manifest.id, version: manifest.version };
}

if (import.meta.main) {
  const { file, bytes, gzipBytes } = await buildWebapp({
    outDir: join(root, 'webapp/dist'),
    minify: true,
  });
  process.stdout.write(`${file}: ${String(bytes)} bytes, ${String(gzipBytes)} after gzip\n`);
}
