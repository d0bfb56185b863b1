import { build, type Metafile, type Plugin } from 'esbuild';
import { mkdir } from 'node:fs/promises';
import { root } from './command.ts';

/** The server part as files that need nothing beside them. */
export interface ServerBundle {
  /** The process entry: one ES module; what it imports lazily is inside and runs when imported. */
  main: string;
  /** The code of worker threads: CommonJS, because a worker inside the executable starts from text. */
  worker: string;
  /** What a person may start the executable for, if anything: CommonJS, read when asked for. */
  tool: string | undefined;
  /**
   * The npm packages of both, by the name of the asset they become: CommonJS, read when the first
   * package of a file is imported.
   */
  packages: Readonly<Record<PackageFile, string>>;
  /** What went into all of them, for the licence notices. */
  metafiles: Metafile[];
}

/**
 * Files of packages; clients of stores have their own, because most servers never need them, and so do
 * worker threads: the text of a file is in the memory of each thread that has loaded it.
 */
const packageFiles = ['packages.js', 's3.js', 'azure.js', 'worker-packages.js'] as const;
type PackageFile = (typeof packageFiles)[number];

/** The packages that files are made of, by name. */
type Packages = Map<PackageFile, Set<string>>;

function fileOfPackage(name: string): PackageFile {
  if (name.startsWith('@aws-sdk/') || name.startsWith('@smithy/')) return 's3.js';
  return name.startsWith('@azure/') ? 'azure.js' : 'packages.js';
}

/** CommonJS parts inside an ES module still call `require` for Node's own modules. */
const requireBanner =
  "import { createRequire as createRequire$ } from 'node:module';" +
  'const require = createRequire$(import.meta.url);';

/**
 * Every byte of the entry is parsed before the handshake line, and a static import of `node:http`
 * alone takes 10 ms. So Node's modules are required where they are first needed, and npm packages,
 * two thirds of the code, stay in a file of their own until one is imported. That file holds no
 * module of ours, so nothing exists twice.
 */
function loadLate(packages: Packages, fileOf: (name: string) => PackageFile): Plugin {
  return {
    name: 'load-late',
    setup(bundler) {
      bundler.onResolve({ filter: /^node:/ }, ({ path, namespace }) =>
        // What these two stand for is Node's own module.
        namespace === 'file' ? { path, namespace: 'node-late' } : { path, external: true },
      );
      bundler.onLoad({ filter: /.*/, namespace: 'node-late' }, ({ path }) => ({
        contents: `module.exports = require(${JSON.stringify(path)});`,
      }));
      // What neither is relative nor belongs to Node; packages import each other in their own file.
      bundler.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        if (kind === 'entry-point') return undefined;
        packages.get(fileOf(path))?.add(path);
        return { path, namespace: 'package-late' };
      });
      bundler.onLoad({ filter: /.*/, namespace: 'package-late' }, ({ path }) => {
        const file = fileOf(path);
        return {
          contents: `
          const { getAsset } = require('node:sea');
          const { compileFunction } = require('node:vm');
          const cache = globalThis[Symbol.for('metrics.${file}')] ??= load();
          function load() {
            const exports = {};
            const parameters = ['exports', 'require'];
            const options = { filename: '${file}' };
            compileFunction(getAsset('${file}', 'utf8'), parameters, options)(exports, require);
            return exports;
          }
          module.exports = cache[${JSON.stringify(path)}]();`,
        };
      });
    },
  };
}

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node26',
  // Names of files stay in the bundle: also of packages that are linked from somewhere else.
  preserveSymlinks: true,
  // Whitespace goes, names stay: stack traces in a customer's log must be readable.
  minifyWhitespace: true,
  // One byte per character: a text with a single one beyond Latin-1 takes two for each in memory.
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
} as const;

/** Bundles the two entries of the server, and the tool if there is to be one, into `directory`. */
export async function bundleServer(
  directory: string,
  entries: { main: string; worker: string; tool?: string } = {
    main: `${root}server/main.ts`,
    worker: `${root}server/worker.ts`,
    tool: `${root}tools/metrics-store/start.ts`,
  },
): Promise<ServerBundle> {
  await mkdir(directory, { recursive: true });
  const bundle = {
    main: `${directory}/main.mjs`,
    worker: `${directory}/worker.cjs`,
    tool: entries.tool === undefined ? undefined : `${directory}/metrics-store.cjs`,
  };
  const packages: Packages = new Map(packageFiles.map((file) => [file, new Set()]));
  const [main, worker, tool] = await Promise.all([
    build({
      ...common,
      entryPoints: [entries.main],
      outfile: bundle.main,
      format: 'esm',
      banner: { js: requireBanner },
      plugins: [loadLate(packages, fileOfPackage)],
    }),
    build({
      ...common,
      entryPoints: [entries.worker],
      outfile: bundle.worker,
      format: 'cjs',
      plugins: [loadLate(packages, () => 'worker-packages.js')],
    }),
    buildTool(entries.tool, bundle.tool),
  ]);
  const packagePath = (file: PackageFile) => `${directory}/${file}`;
  const rest = await Promise.all(
    packageFiles.map((file) => buildPackages(packages.get(file) ?? new Set(), packagePath(file))),
  );
  return {
    ...bundle,
    packages: Object.fromEntries(
      packageFiles.map((file) => [file, packagePath(file)]),
    ) as ServerBundle['packages'],
    metafiles: [main, worker, ...tool, ...rest].map(({ metafile }) => metafile),
  };
}

/** The bundle of the tool, if there is to be one. It shares nothing with the plugin, whose start it thus does not touch. */
async function buildTool(entry: string | undefined, outfile: string | undefined) {
  if (entry === undefined || outfile === undefined) return [];
  return [await build({ ...common, entryPoints: [entry], outfile, format: 'cjs' })];
}

/** A file of packages, each of which runs when it is first imported. */
function buildPackages(names: ReadonlySet<string>, outfile: string) {
  return build({
    ...common,
    stdin: {
      contents: [...names]
        .sort()
        .map((name) => JSON.stringify(name))
        .map((name) => `exports[${name}] = () => require(${name});`)
        .join('\n'),
      resolveDir: root,
    },
    outfile,
    format: 'cjs',
    // Code that runs from text can require but not import.
    supported: { 'dynamic-import': false },
  });
}
