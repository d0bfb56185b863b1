/** The store of a node, where it lies, and its start. */
export const node = {
  'directory.split':
    'Metrics from a time when {wanted} could not be written lie in {fallback} and are in no dump.',
  'directory.split.advice':
    'Stop the plugin, move the block directories of {fallback} into {wanted}, delete the rest of it, and start the plugin.',
  'directory.kept':
    'Metrics are kept in {fallback}, where they went while {wanted} could not be written.',
  'directory.kept.advice':
    'To use {wanted}, stop the plugin, move the content of {fallback} there, and start the plugin.',
  'directory.fallback':
    'The data directory {wanted} {reason}; metrics are kept in {fallback} instead.',
  'directory.fallback.advice':
    'Set DBPath to a directory that the Mattermost server can write and that outlives restarts.',
  'directory.none': 'Metrics cannot be stored: {wanted} {reason}, and {fallback} {fallbackReason}.',
  'directory.in-bundle': 'lies inside the plugin, which an upgrade replaces',
  'directory.denied': 'may not be written by the server',
  'directory.read-only': 'is on a read-only file system',
  'directory.full': 'is on a full disk',
  'directory.no-directory': 'is not a directory',
  'directory.unwritable': 'cannot be written ({code})',

  'start.full': 'The disk of the data directory is full.',
  'start.full.advice': 'Free disk space for the data directory; collecting begins by itself.',
  'start.locked': 'The data directory is in use by another process.',
  'start.locked.by': 'The data directory is in use by process {pid}.',
  'start.locked.advice':
    'Wait until the other process has ended, or give each server a data directory of its own (setting DBPath).',
  'start.failed': 'The plugin could not start collecting: {reason}',
  'start.place.advice': 'Set DBPath to a directory that the Mattermost server can write.',
  'start.refused.advice':
    'Let the Mattermost server read and write everything in the data directory; collecting begins by itself.',
  'start.open-files.advice':
    'Raise the limit of open files of the Mattermost server; collecting begins by itself.',
  'start.disk.advice': 'Check the disk of the data directory; collecting begins by itself.',
  'start.unknown.advice': 'The server log has the reason; give it to whoever supports the plugin.',

  'tsdb.bad-block': 'Block {block} cannot be read and is left out: {reason}',
  'tsdb.bad-block.advice':
    'Move the block out of the data directory; if it is in the file store, nothing is lost.',
  'tsdb.repaired': 'The log of the store was damaged and has been repaired: {reason}',
  'tsdb.repaired.torn':
    'The log of the store ended inside a record: {lostBytes} of segment {segment} at offset {offset} were dropped.',
  'tsdb.repaired.cut':
    'The log of the store was damaged in segment {segment} at offset {offset} ({reason}): {lostBytes} were dropped, and what followed them is missing.',
  'tsdb.repaired.moved':
    'The log of the store was damaged in segment {segment} at offset {offset} ({reason}): what comes after it, {lostBytes} and {segmentCount, plural, one {# segment} other {# segments}}, was moved to {aside}.',
  'tsdb.repaired.hole': 'Segments of the log of the store are missing before {path}.',
  'tsdb.repaired.nameless':
    '{sampleCount, plural, one {# sample} other {# samples}} of the log of the store were dropped because it does not name their series.',
  'tsdb.compressed':
    'Another program has written the log in the data directory, in a compressed form that is not read: segment {segment} and {segmentCount, plural, one {# behind it} other {# behind it}} are in {aside}.',
  'tsdb.compressed.advice':
    'What is in it is in no block yet; a Prometheus that is started over that directory makes blocks of it.',
  'tsdb.repaired.advice':
    'Nothing has to be done; the rest of the log is kept beside it for support.',
  'tsdb.disk-full': 'The disk of the data directory is full: nothing new is stored.',
  'tsdb.disk-full.advice': 'Free disk space for the data directory; collecting resumes by itself.',
  'tsdb.log': 'The log of the store cannot be written: {reason}',
  'tsdb.log.advice': 'Check the disk of the data directory; collecting resumes by itself.',
  'tsdb.merge': 'Blocks could not be merged: {reason}',
  'tsdb.merge.advice':
    'Nothing is lost. Check the disk of the data directory; a block that is damaged can be moved out of it.',
  'tsdb.delete': 'A block could not be deleted: {reason}',
  'tsdb.delete.advice':
    'Nothing is lost. Check the disk of the data directory and who owns the files in it.',
  'tsdb.cut': 'No block could be made of the newest samples: {reason}',
  'tsdb.cut.advice': 'Check the disk of the data directory; the plugin tries again by itself.',
  'tsdb.other': 'The store has a problem: {reason}',
  'tsdb.other.advice': 'The server log has more.',
} as const;
