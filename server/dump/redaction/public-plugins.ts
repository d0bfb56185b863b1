/** Whoever publishes plugins for everybody begins their ids so. */
const publicPrefixes = ['com.mattermost.', 'com.github.'];

/** Plugins of the marketplace whose ids begin otherwise. */
const publicIds: ReadonlySet<string> = new Set([
  ...['playbooks', 'focalboard', 'github', 'jira', 'zoom', 'jitsi', 'memes', 'antivirus'],
  ...['mattermost-ai', 'mattermost-autolink', 'mattermost-plugin-servicenow'],
  ...['mattermost-plugin-azure-devops', 'skype4business', 'circleci', 'legal-hold'],
]);

/** Whether a plugin is one that anybody may have: its id says nothing of who has it. */
export function isPublicPlugin(id: string): boolean {
  return publicIds.has(id) || publicPrefixes.some((prefix) => id.startsWith(prefix));
}
