// A plugin in a process of its own, for process.test.ts.
import { emptyStruct } from '../gob/index.ts';
import { rpcMethod } from '../netrpc/index.ts';
import { systemProcess } from './process.ts';
import { servePlugin } from './serve.ts';

const process = systemProcess();
await servePlugin({
  process,
  cookie: { key: 'TEST_PLUGIN', value: 'yes' },
  protocolVersion: 1,
  services: {
    hooks: () => ({
      'Plugin.Complain': rpcMethod(emptyStruct, () => {
        process.writeError('a line that nobody reads\n');
        return {};
      }),
    }),
  },
});
