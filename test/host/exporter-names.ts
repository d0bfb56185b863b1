/** Names as a Mattermost server uses them, for labels of real width. */

const stores = [
  'AuditStore',
  'BotStore',
  'ChannelBookmarkStore',
  'ChannelMemberHistoryStore',
  'ChannelStore',
  'ClusterDiscoveryStore',
  'CommandStore',
  'ComplianceStore',
  'DraftStore',
  'EmojiStore',
  'FileInfoStore',
  'GroupStore',
  'JobStore',
  'LicenseStore',
  'NotifyAdminStore',
  'OAuthStore',
  'OutgoingOAuthConnectionStore',
  'PluginStore',
  'PostAcknowledgementStore',
  'PostPriorityStore',
  'PostStore',
  'PreferenceStore',
  'ReactionStore',
  'RemoteClusterStore',
  'RoleStore',
  'ScheduledPostStore',
  'SchemeStore',
  'SessionStore',
  'SharedChannelStore',
  'StatusStore',
  'SystemStore',
  'TeamStore',
  'ThreadStore',
  'TokenStore',
  'UserAccessTokenStore',
  'UserStore',
  'WebhookStore',
];

const storeVerbs = [
  'Get',
  'GetMany',
  'GetByIds',
  'GetForUser',
  'GetAll',
  'Save',
  'SaveMultiple',
  'Update',
  'UpdateLastViewedAt',
  'Delete',
  'PermanentDeleteByUser',
  'AnalyticsCount',
  'Search',
];

const verbs = ['get', 'create', 'update', 'patch', 'delete', 'search'];
const nouns = [
  'Post',
  'PostsForChannel',
  'Channel',
  'ChannelMembers',
  'ChannelStats',
  'User',
  'UsersByIds',
  'UserStatusesByIds',
  'Team',
  'TeamMembers',
  'Preferences',
  'Reactions',
  'FileInfo',
  'Emoji',
  'Threads',
  'Draft',
  'ScheduledPost',
  'Bookmark',
  'Role',
  'Webhook',
  'Command',
  'PluginStatuses',
];
const httpVerbs: Readonly<Record<string, string>> = {
  get: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PUT',
  delete: 'DELETE',
  search: 'POST',
};
const clients = ['web', 'desktop', 'mobile', 'unknown'];
const pageLoads = ['', 'page_load', 'reconnect'];

export const plugins = [
  'com.mattermost.calls',
  'com.mattermost.nps',
  'playbooks',
  'focalboard',
  'mattermost-ai',
  'github',
  'jira',
  'com.mattermost.msteams-sync',
  'com.github.matterpoll.matterpoll',
  'com.mattermost.mattermost-plugin-metrics',
];
const hooks = [
  'MessageHasBeenPosted',
  'MessageWillBePosted',
  'UserHasJoinedChannel',
  'ServeHTTP',
  'OnConfigurationChange',
  'ChannelHasBeenCreated',
];
const pluginApis = [
  'GetUser',
  'GetChannel',
  'GetPost',
  'CreatePost',
  'KVGet',
  'KVSet',
  'KVSetWithOptions',
  'KVList',
  'GetConfig',
  'PublishWebSocketEvent',
  'HasPermissionTo',
  'GetTeam',
  'SendEphemeralPost',
  'LogInfo',
  'GetFileInfo',
];

export const cacheNames = [
  'Profile',
  'ProfileByIds',
  'Session',
  'Status',
  'Channel',
  'ChannelByName',
  'ChannelMemberCounts',
  'ChannelGuestCount',
  'ChannelPinnedPostCounts',
  'AllChannelMembersForUser',
  'LastPosts',
  'LastPostTime',
  'PostsUsage',
  'Reaction',
  'Role',
  'RolePermission',
  'Scheme',
  'FileInfo',
  'Webhook',
  'EmojiById',
  'EmojiIdByName',
  'Team',
  'TermsOfService',
  'UserTermsOfService',
];

export const eventNames = [
  'posted',
  'post_edited',
  'post_deleted',
  'typing',
  'status_change',
  'channel_viewed',
  'channel_created',
  'channel_updated',
  'user_added',
  'user_removed',
  'user_updated',
  'reaction_added',
  'reaction_removed',
  'preferences_changed',
  'thread_updated',
  'thread_read_changed',
  'multiple_channels_viewed',
  'sidebar_category_updated',
  'draft_created',
  'draft_updated',
  'draft_deleted',
  'custom_com.mattermost.calls_call_start',
  'hello',
  'other',
];

export const clusterEvents = [
  'publish',
  'update_status',
  'inv_all_caches',
  'inv_user',
  'inv_channel',
  'inv_channel_member_counts',
  'inv_last_posts',
  'inv_webhooks',
  'clear_session_user',
  'inv_roles',
  'busy_state_chgd',
  'plugin_event',
];

/** The `index`-th pair of labels of `db_store_time`. */
export function storeLabels(index: number): [string, string][] {
  const store = stores[index % stores.length] ?? '';
  const verb = storeVerbs[Math.floor(index / stores.length) % storeVerbs.length] ?? '';
  const isFailure = index >= stores.length * storeVerbs.length;
  return [
    ['method', `${store}.${verb}`],
    ['success', isFailure ? 'false' : 'true'],
  ];
}

/** The `index`-th set of labels of `api_time`. */
export function apiLabels(index: number): [string, string][] {
  const verb = verbs[index % verbs.length] ?? '';
  const noun = nouns[Math.floor(index / verbs.length) % nouns.length] ?? '';
  const round = Math.floor(index / (verbs.length * nouns.length));
  const client = clients[(index + round) % clients.length] ?? '';
  const pageLoad = pageLoads[round % pageLoads.length] ?? '';
  const status = ['200', '201', '404', '403', '500'][Math.floor(round / 3) % 5] ?? '';
  return [
    ['handler', `${verb}${noun}${round >= 15 ? String(round) : ''}`],
    ['method', httpVerbs[verb] ?? ''],
    ['origin_client', client],
    ['page_load_context', pageLoad],
    ['status_code', status],
  ];
}

/** The `index`-th set of labels of `plugin_hook_time`. */
export function hookLabels(index: number): [string, string][] {
  return [
    ['hook_name', hooks[index % hooks.length] ?? ''],
    ['plugin_id', plugins[Math.floor(index / hooks.length) % plugins.length] ?? ''],
    ['success', index >= hooks.length * plugins.length ? 'false' : 'true'],
  ];
}

/** The `index`-th set of labels of `plugin_api_time`. */
export function pluginApiLabels(index: number): [string, string][] {
  return [
    ['api_name', pluginApis[index % pluginApis.length] ?? ''],
    ['plugin_id', plugins[Math.floor(index / pluginApis.length) % plugins.length] ?? ''],
    ['success', index >= pluginApis.length * plugins.length ? 'false' : 'true'],
  ];
}
