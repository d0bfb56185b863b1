/** What is wrong between the nodes of a cluster. */
export const cluster = {
  'cluster.no-id':
    'Clustering is switched on, and the server does not say which node of the cluster this one is.',
  'cluster.no-id.advice':
    'Check that the licence includes high availability and that the nodes see each other in System Console, Environment, High Availability.',
  'cluster.no-collector': 'No node of the cluster collects metrics.',
  'cluster.no-collector.advice':
    'Look at the plugin’s problems on the other nodes; a node takes over by itself.',
  'cluster.standstill':
    'As far as this node can read, no node has been collecting for {sinceMs}, but the database refuses that it takes over.',
  'cluster.standstill.advice':
    'Check that the read replica of the database follows its primary, and that the primary can be written to.',
  'cluster.database.holding':
    'The database does not answer this node: {reason}. Collecting goes on.',
  'cluster.database.listening':
    'The database does not answer this node: {reason}. This node cannot tell whether another one collects.',
  'cluster.database.late': 'no answer in time',
  'cluster.database.advice':
    'Check the connection of this server to its database; all resumes by itself.',
  'cluster.unsure':
    'This node collects, but could not confirm that for {sinceMs}. Nothing is deleted from the file store meanwhile; if another node reaches the database, it collects too.',
  'cluster.unsure.advice': 'Check the connection of this server to its database; nothing is lost.',
  'cluster.lease-version':
    'A node with a newer version of the plugin collects; this node cannot tell which.',
  'cluster.same-version': 'Install the same version of the plugin on all nodes.',
  'cluster.lease-unreadable':
    'The record of the collecting node cannot be read: {reason}. It is replaced when it does not change for {limitMs}.',
  'cluster.lease-unreadable.advice': 'If this stays, find out what else writes the plugin’s keys.',
  'cluster.two.known':
    'This node had no contact with the database for {sinceMs}, and node {host} took over. Both may have collected meanwhile: rates stay right, counts of samples do not.',
  'cluster.two':
    'This node had no contact with the database for {sinceMs}, and another node took over. Both may have collected meanwhile: rates stay right, counts of samples do not.',
  'cluster.two.advice':
    'Check why this server was cut off from its database, or stood still. This message goes away by itself.',
  'cluster.overwritten':
    'The lease of this node was overwritten {afterMs} after its last confirmation, sooner than a node of this plugin does.',
  'cluster.overwritten.advice':
    'Find out what else writes the plugin’s keys, or whether the database was restored from a backup.',
  'cluster.versions': 'The nodes run different versions of the plugin: {versions}.',
  'cluster.version': '{host} {version}',
  'cluster.versions.advice':
    'During an upgrade this passes within minutes; if it stays, restart the plugin where it is old.',
  'cluster.clocks': 'The clocks of the nodes differ; by the clock of {host}: {nodes}.',
  'cluster.clock-ahead': '{host} at least {skewMs} ahead',
  'cluster.clock-behind': '{host} at least {skewMs} behind',
  'cluster.clocks.advice':
    'Keep the clocks of all nodes with NTP: when another node collects, its samples are refused until its clock has caught up, or stand at wrong times.',
  'cluster.bad-message': 'A message from another node could not be used. {reason}',
  'cluster.bad-message.advice':
    'Install the same version of the plugin on all nodes. Nothing is lost by this.',
  'cluster.silent':
    'The collecting node does not answer this one ({code}). What is shown of it is {ageMs} old.',
  'cluster.silent.unknown':
    'The collecting node does not answer this one ({code}). Nothing is known of it yet.',
  'cluster.silent.long':
    'The collecting node does not answer this one ({code}), and no other node has taken over: perhaps nobody collects. What is shown is {ageMs} old.',
  'cluster.silent.long.advice':
    'Check that the collecting server runs with its plugin, that the nodes reach each other, and that they reach the database; as soon as one can, a node takes over by itself.',
  'cluster.silent.advice':
    'If this stays for a minute, check that the nodes reach each other: System Console, Environment, High Availability.',

  'cluster.timeout': 'The collecting node did not answer in time: try again in a moment.',
  'cluster.busy': 'Too many requests between the nodes wait already: try again in a moment.',
  'cluster.refused': 'The collecting node could not answer: try again in a moment.',
  'cluster.unknown-kind':
    'The collecting node runs another version of the plugin and does not know this request: install the same version on all nodes.',
  'cluster.left':
    'No node collects at present, or this one is leaving the cluster: try again in a moment.',
} as const;
