import { askedOf, runTool } from './embedded-tool.ts';
import { serveMattermostPlugin } from './mattermost/index.ts';
import { pluginId } from './plugin-id.ts';

const asked = askedOf(process.argv, process.env);
if (asked !== undefined) runTool(asked);
else {
  // The server allows 3 s from exec to the handshake line: whatever is heavy is imported behind it.
  await serveMattermostPlugin({
    pluginId,
    load: async () => {
      const { createPlugin } = await import('./create-plugin.ts');
      return createPlugin();
    },
  });
}
