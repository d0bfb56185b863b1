/** Pages of System Console that problems lead to, below the address of the site. */
export const consolePages = {
  database: '/admin_console/environment/database',
  fileStorage: '/admin_console/environment/file_storage',
  highAvailability: '/admin_console/environment/high_availability',
  performanceMonitoring: '/admin_console/environment/performance_monitoring',
  license: '/admin_console/about/license',
  pluginManagement: '/admin_console/plugins/plugin_management',
  /** The plugin's own, with its settings. */
  plugin: '/admin_console/plugins/plugin_com.mattermost.mattermost-plugin-metrics',
} as const;
