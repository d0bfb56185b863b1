/** What the HTTP API refuses by itself. */
export const refusals = {
  'api.signed-out': 'Your session has ended; sign in again.',
  'api.may-not-read':
    'Only a system administrator, or a role with rights on the console page "Performance Monitoring", may see metrics.',
  'api.may-not-write':
    'Only a system administrator, or a role with rights on the console page "Performance Monitoring", may make, download and delete dumps.',
  'api.may-not-unmask': 'Only a system administrator may see what the aliases of a dump stand for.',
  'api.may-not-save': 'Only those who may change the settings of plugins can have saved them.',
  'api.not-collecting': 'The node that was asked does not collect, or is starting.',
  'api.not-found': 'The plugin has nothing at this address.',
  'api.defect': 'The plugin failed to answer; the server log has the reason.',
  'api.unreadable': 'The request cannot be read: its address or its body is not encoded properly.',
  'api.too-large': 'The request is too large; a range needs two numbers only.',
  'api.not-json': 'The request is not JSON; send from and to in milliseconds.',
  'api.encoding': 'The request is encoded in a way the plugin does not read.',
  'api.charset': 'The request must be UTF-8.',
  'api.cut': 'The request ended before its end.',
  'api.archive-range': 'The archive is shorter than what was asked for.',
  'api.too-many-dumps': 'You have begun {limitCount} dumps within a minute: wait {waitMs}.',
  'api.too-many-questions':
    'You have asked {limitCount} times what a dump would be within a minute: wait {waitMs}.',
  'api.too-many-saves': 'You have saved {limitCount} times within a minute: wait {waitMs}.',
  'api.no-keys': 'The settings that were edited must be named, as a list of their keys.',
} as const;
