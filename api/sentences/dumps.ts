/** Why there is no dump, and what is worth knowing of one. */
export const dumps = {
  'dump.stopping': 'The plugin is stopping: try again in a moment.',
  'dump.starting': 'The plugin is still starting: try again in a moment.',
  'dump.queue-full': '{limitCount} dumps are waiting already: wait for one, or cancel one.',
  'dump.busy': 'The plugin is busy with other questions about dumps: try again in a moment.',
  'dump.interrupted':
    'The dump was begun {attemptCount} times and the plugin ended each time: choose a shorter range.',
  'dump.filter-empty':
    'No series from {fromTime} to {toTime} fits the filter: check its nodes, jobs and metrics.',
  'dump.range-empty':
    'There are no metrics from {fromTime} to {toTime}. Available are {oldestTime} to {newestTime}.',
  'dump.range-empty.nothing':
    'There are no metrics from {fromTime} to {toTime}. Metrics appear here seconds after collecting has begun.',
  'dump.no-space':
    'Building this dump needs {neededBytes} on the disk of the data directory, and {freeBytes} are free: make room, or choose a shorter range.',
  'dump.no-space.packet':
    'The disk of the data directory has no room to build even a short dump: make room there.',
  'dump.store-room':
    'The archive of this dump has about {archiveBytes}, and {freeBytes} are free for it on the disk of the file store: make room there, choose a shorter range, or thin it out.',
  'dump.range-invalid': 'The range needs two times, in whole milliseconds since 1970.',
  'dump.range-fields':
    'A dump needs a range: "{from}" and "{to}" as whole milliseconds since 1970.',
  'dump.range-reversed': 'The range ends before it begins: choose a start before the end.',
  'dump.range-future': 'The range begins in the future: choose a start before now.',
  'dump.filter': 'The filter of the dump cannot be used: {reason}.',
  'dump.filter.bytes': 'its lists have more than {limitBytes} together',
  'dump.filter.no-list': '"{list}" is not a list of texts',
  'dump.filter.entries': '"{list}" has more than {limitCount} entries',
  'dump.filter.entry': 'entry {entry} of "{list}" is no name of up to {limitCount} characters',
  'dump.redaction': 'A dump is redacted by "hosts-and-ids", or not: "none".',
  'dump.step':
    'The step of a dump is a whole number of seconds from {min} to {max}, or 0 for every sample.',
  'dump.bad-id': 'The id of a dump has 26 characters a-z and 0-9.',
  'dump.not-found': 'There is no such dump; it may have been deleted.',
  'dump.not-cancellable': 'The dump is finished already; it can be deleted instead.',
  'dump.not-redacted': 'This dump is not redacted: it has no aliases.',
  'dump.no-aliases-yet': 'The dump is not ready: it has no aliases yet.',
  'dump.aliases-gone': 'The aliases are no longer in the file store; create the dump again.',
  'dump.archive-gone':
    'The archive is no longer in the file store: delete this dump and create it again.',
  'dump.not-ready': 'The dump is still being built: wait until it is ready.',
  'dump.no-archive': 'The dump was not finished: it has no archive. Create a new one.',
  'dump.not-written': 'The job could not be written to the database: try again in a moment.',

  'dump.cancelled': 'The dump was cancelled.',
  'dump.disk-full':
    'The disk of the data directory is full: make room there, or ask for a shorter range.',
  'dump.store-full': 'The file store is full: make room there, then try again.',
  'dump.store-failed': 'The file store failed: check the file storage settings and try again.',
  'dump.worker':
    'The worker that builds dumps ended: try again, with a shorter range if it happens again.',
  'dump.failed':
    'The dump could not be built: try again, and send the server log to support if it fails again.',
  'dump.changed': 'A file changed while it was packed: try again.',
  'dump.too-large': 'The archive would be larger than {limitBytes}: ask for a shorter range.',
  'dump.too-slow':
    'Building the dump took longer than {limitMs}: make one in System Console instead.',
  'dump.not-given-back':
    'The file store does not give back the archive that was written: check the file store.',
  'dump.secret-changed':
    'The file store does not give back what was written: check the file store.',
  'dump.damaged': 'No block of this range could be read; the server log and the detail say why.',

  'note.not-listed':
    'The file store could not be listed ({code}); blocks that are only there may be missing.',
  'note.half-block': 'Block {ulid} in the file store is not whole and left out: {reason}.',
  'note.block-left': 'Block {ulid} left the file store while the dump was built.',
  'note.bad-block': 'Block {ulid} cannot be read and is left out ({code}).',
  'note.nobody-collects': 'No node collects at present.',
  'note.head-refused': 'Node {node} did not hand out its newest samples ({code}).',
  'note.stale': '{reason} The newest sample in this dump is of {newestTime}.',
  'note.gaps-cut': 'Only {keptCount} of {gapCount} gaps are listed.',
  'note.families-cut': 'Only {keptCount} of {familyCount} metric families are described.',
  'note.not-told':
    'The newest gaps and descriptions of metrics may be missing: the collecting node did not tell them ({code}).',
  'note.more': '{noteCount, plural, one {# more warning} other {# more warnings}}.',
  'note.go-plugin': 'Made by the Go plugin: it may lack the newest hours and has no manifest.',
} as const;
