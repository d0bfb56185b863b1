import { builtinModules } from 'node:module';
import type { Plugin } from 'esbuild';

/**
 * Loads Node's own modules when the module that imports them runs, instead of all of them at the
 * start: an ES module's imports are hoisted to the top of the bundle, also out of what is imported
 * lazily, and the modules behind one plugin (http2, zlib, undici …) take longer to load than the
 * whole way to the handshake line.
 */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: /^[a-z_:/0-9]+$/ }, ({ path, kind }) => {
      // A `require` inside a CommonJS package is lazy already.
      const isImport = kind === 'import-statement' || kind === 'dynamic-import';
      const isBuiltin = path.startsWith('node:') || builtinModules.includes(path);
      return isImport && isBuiltin ? { path, namespace: 'lazy-builtins' } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: 'lazy-builtins' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};
