/** The copy of blocks in the file store. */
export const share = {
  'store.full': 'The file store is full: make room on its disk or raise its quota.',
  'store.denied': 'The file store refuses access: check its permissions and keys.',
  'store.unreachable': 'The file store does not answer: check its address and the network.',
  'store.bucket-missing':
    'The bucket or container of the file store does not exist: check its name and region.',
  'store.credentials':
    'The file store does not know the keys: check access key and secret, or the role of this machine.',
  'store.credentials-expired':
    'The keys for the file store have expired: renew them, or the role of this machine.',
  'store.clock-skew':
    'The clocks of this machine and of the file store differ by minutes: set them right.',
  'store.certificate':
    'The certificate of the file store is not trusted: let the system trust its authority.',
  'store.slow-down': 'The file store is too busy: the copy is tried again.',
  'store.bad-settings':
    'The settings of the file store cannot be used: check bucket, endpoint, region and keys.',
  'store.conflict':
    'Something else writes to the same place: let no other program change what lies below plugin-data.',
  'store.truncated':
    'The file store broke off its answers: check the network and the proxies on the way to it.',
  'store.too-large': 'The file store takes no objects of this size: check its limits.',
  'store.changed':
    'The file store does not hold what was written to it: check whether something else changes it.',
  'store.failed': 'The file store refused for a reason of its own: its own log says more.',
  'sync.too-many-blocks':
    'The file store holds more blocks than one server ever has: check directory, bucket and path prefix.',
  'sync.local-block': 'A block on the local disk cannot be read: check the disk.',
  'sync.other': 'Blocks could not be copied to the file store.',

  'sync.failing':
    'Blocks do not reach the file store ({code}); {blockCount, plural, =0 {none waits on this node yet} one {# waits on this node} other {# wait on this node}}.',
  'sync.failing.advice': '{reason} Nothing is lost while the local disk has room.',
  'sync.foreign':
    'The file store holds {blockCount, plural, one {# block of another Mattermost server; retention leaves it alone} other {# blocks of another Mattermost server; retention leaves them alone}}.',
  'sync.foreign.advice': 'Give each Mattermost server its own directory, bucket or path prefix.',
  'sync.damaged':
    'The file store holds {blockCount, plural, one {# damaged block} other {# damaged blocks}}, for example {ulid} ({reason}); they are in no dump and are left as they are.',
  'sync.damaged.advice':
    'Restore them from a backup of the file store, or delete their directories.',
  'block.no-meta': 'no meta.json',
  'block.bad-meta': 'damaged meta.json',
  'block.no-index': 'no index',
  'block.no-chunks': 'no chunks',
  'block.size': '{path} has not the size that was uploaded',
  'block.many-files': 'too many files',
  'sync.snapshot':
    'The newest samples do not reach the file store ({code}): if this node were lost, so would they be.',
  'sync.lost':
    'The local disk was full and the file store out of reach: {blockCount, plural, one {# block of metrics was lost} other {# blocks of metrics were lost}}.',
  'sync.lost.advice': 'Make room on the disk of the data directory and repair the file store.',
  'sync.oversize':
    'The data directory is larger than its limit, with nothing in it that could be deleted: the rest is not in the file store yet, or is the newest.',
  'sync.oversize.advice': 'Repair the file store if it fails, or raise LocalSizeLimitMegabytes.',
  'sync.short':
    'The disk of the data directory is nearly full; local copies of blocks are deleted early.',
  'sync.short.advice': 'Make room on that disk, or move the data directory to another one.',

  'place.unsupported':
    'This version cannot use {what}; metrics and dumps are kept on this server’s disk, in {directory}.',
  'place.unsupported.advice':
    'Change the file storage settings, or see that this disk is backed up.',
  'place.kind': 'a file store of the kind "{driver}"',
  'place.bifrost': 'the signing proxy of Mattermost’s cloud (MM_CLOUD_FILESTORE_BIFROST)',
  'place.sign-v2': 'signatures of version 2 (AmazonS3SignV2)',
  'place.azure-auth': 'signing in to Azure by "{mode}" (AzureAuthMode)',
} as const;
