import { build, type Metafile } from 'esbuild';
import { mkdir } from 'node:fs/promises';
import { root } from './command.ts';
import { lazyBuiltins } from './lazy-builtins.ts';

/** The server part as two files that need nothing beside them. */
export interface ServerBundle {
  /** The process entry: one ES module; what it imports lazily is inside and runs when imported. */
  main: string;
  /** The code of worker threads: CommonJS, because a worker inside the executable starts from text. */
  worker: string;
  /** What went into both, for the licence notices. */
  metafiles: Metafile[];
}

/** CommonJS packages inside an ES module still call `require` for Node's own modules. */
const requireBanner =
  "import { createRequire as createRequire$ } from 'node:module';" +
  'const require = createRequire$(import.meta.url);';

/** Bundles the two entries of the server into `directory`. */
export async function bundleServer(
  directory: string,
  entries: { main: string; worker: string } = {
    main: `${root}server/main.ts`,
    worker: `${root}server/worker.ts`,
  },
): Promise<ServerBundle> {
  await mkdir(directory, { recursive: true });
  const common = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node26',
    // Whitespace goes, names stay: stack traces in a customer's log must be readable.
    minifyWhitespace: true,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  } as const;
  const bundle = { main: `${directory}/main.mjs`, worker: `${directory}/worker.cjs` };
  const [main, worker] = await Promise.all([
    build({
      ...common,
      entryPoints: [entries.main],
      outfile: bundle.main,
      format: 'esm',
      banner: { js: requireBanner },
      plugins: [lazyBuiltins],
    }),
    build({ ...common, entryPoints: [entries.worker], outfile: bundle.worker, format: 'cjs' }),
  ]);
  return { ...bundle, metafiles: [main.metafile, worker.metafile] };
}
