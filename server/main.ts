import { serveMattermostPlugin } from './mattermost/index.ts';
import { pluginId } from './plugin-id.ts';

// The server allows 3 s from exec to the handshake line: whatever is heavy is imported behind it.
await serveMattermostPlugin({
  pluginId,
  load: async () => {
    const { createPlugin } = await import('./create-plugin.ts');
    return createPlugin();
  },
});
