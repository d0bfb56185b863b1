/** What keeps data from being collected, and what to do about it. */
export const collect = {
  'target.no-data': 'No data from {instance} ({job}, {url}): {reason}',
  'targets.no-data':
    'No data from {targetCount, plural, one {# target} other {# targets}}: {targets}. The same reason for each: {reason}',
  'targets.no-data.various':
    'No data from {targetCount, plural, one {# target} other {# targets}}: {targets}. The reason for the first one: {reason}',
  'names.more': '{names} and {moreCount} more',
  'target.named': '{instance} ({job})',
  'target.check-server':
    'Check that the server runs and that the Listen Address in Environment > Performance Monitoring is the one it was started with; a changed address needs a restart.',
  'target.check-exporter': 'Check that the exporter runs and that its port is open to this server.',
  'target.check-plugin': 'Check that this plugin runs; the server log has more.',
  'target.check-service': 'Check that the service runs and that its port is open to this server.',
  'target.check-license':
    'The server offers metrics only with a licence that includes performance monitoring: check Edition and License.',
  'target.slow':
    'The target is overloaded or something on the way drops its packets; if it is only slow, raise ScrapeTimeoutSeconds.',
  'target.check-dns': 'Check that this server’s name service knows the host.',
  'target.check-certificate':
    'Check the target’s certificate, its name and its time; a certificate of your own goes into CustomTargetCertificates.',
  'target.correct-address': 'Correct the address of the target.',
  'target.check-path': 'Check the path of the target: it must answer as Prometheus exporters do.',
  'target.check-credentials': 'Check the credentials of the target in CustomTargetSecrets.',
  'target.check-rights':
    'Check the credentials of the target in CustomTargetSecrets, and what they may do.',
  'target.raise-body-limit': 'Raise BodySizeLimitBytes if the target is to be trusted.',
  'target.lower-body-limit':
    'Find out why targets answer with so much; lower BodySizeLimitBytes, so that they do not get so far.',
  'target.shorten-answers':
    'Find out why this target answers with so much, and lower BodySizeLimitBytes; collecting resumes by itself when its answer is shorter.',
  'target.raise-sample-limit': 'Raise SampleLimit, or find out why the target has so many series.',
  'target.find-series':
    'Find out which target has so many series; nothing new is stored above the cap.',
  'target.raise-label-limit':
    'Raise LabelLimit if the target is to be trusted, or drop the metric with DropRules.',
  'target.raise-label-name-limit': 'Raise LabelNameLengthLimit, or drop the metric with DropRules.',
  'target.raise-label-value-limit':
    'Raise LabelValueLengthLimit, or drop the metric with DropRules.',
  'target.report-line':
    'Report the line to whoever makes the exporter; nothing of such a body is stored.',
  'target.free-disk':
    'Free disk space for the plugin’s data directory; collecting resumes by itself.',
  'target.check-disk':
    'Check the disk below the plugin’s data directory; collecting resumes by itself.',
  'target.check-clock':
    'Check the time service of this server; collecting resumes when the clock has caught up.',

  'growth.metric':
    'The metric {metric} of {instance} ({job}) brought {limitCount} new series within an hour: further ones are not stored until {untilTime}. Known series go on.',
  'growth.all':
    'All metrics together of {instance} ({job}) brought {limitCount} new series within an hour: further ones are not stored until {untilTime}. Known series go on.',
  'growth.metric.targets':
    'The metric {metric} brought {limitCount} new series within an hour from each of {targetCount, plural, one {# target} other {# targets}}: {targets}. Further ones are not stored until {untilTime} at the latest. Known series go on.',
  'growth.all.targets':
    'All metrics together brought {limitCount} new series within an hour from each of {targetCount, plural, one {# target} other {# targets}}: {targets}. Further ones are not stored until {untilTime} at the latest. Known series go on.',
  'growth.advice':
    'Look at GET /api/v1/cardinality for the label with the many values; drop it with DropRules, have the exporter mended, or raise MetricGrowthLimit.',
  'series-limit':
    'The store is full, it may hold {limitCount} series: new ones are not stored, known ones go on.',
  'series-limit.advice':
    'Look at GET /api/v1/cardinality for the largest metrics and drop what nobody needs with DropRules; room comes back within hours.',

  'metrics.disabled': 'Performance monitoring is switched off, so the server offers no metrics.',
  'metrics.disabled.advice':
    'Switch on Enable Performance Monitoring in Environment > Performance Monitoring.',
  'metrics.address.empty': 'The listen address is empty.',
  'metrics.address': 'The listen address "{address}" cannot be used: {reason}.',
  'metrics.address.no-port': 'it has no port; write it like :8067 or 10.0.0.5:8067',
  'metrics.address.no-host': 'the part before the port is not a host',
  'metrics.address.advice':
    'Correct the Listen Address in Environment > Performance Monitoring, for example :8067.',
  'metrics.loopback':
    'The servers offer their metrics only to themselves (Listen Address on the loopback interface): the other nodes of the cluster cannot be collected.',
  'metrics.loopback.advice':
    'Set the Listen Address in Environment > Performance Monitoring to a port alone, for example :8067, keep that port closed to the outside, and restart the nodes.',

  'node.stale':
    'The node {host} has given no sign of life for more than four minutes; it is asked for its metrics until it has been silent for half an hour.',
  'nodes.stale':
    'For more than four minutes there has been no sign of life from {nodeCount, plural, one {# node} other {# nodes}}: {nodes}. Each is asked for its metrics until it has been silent for half an hour.',
  'node.named': '{host}',
  'node.stale.advice':
    'If the node was removed on purpose, nothing has to be done; else look at its log.',
  'plugins.too-many':
    '{pluginCount} plugins are switched on; {limitCount} of them are asked for metrics.',
  'plugins.too-many.advice':
    'Switch off plugins that are not used, in Plugins > Plugin Management.',

  'custom.duplicate':
    'A custom target has the job {job} and the instance {instance} of another target and is not collected.',
  'custom.duplicate.advice': 'Give it another job or instance in CustomTargets.',
  'custom.no-secret': 'CustomTargetSecrets has no secret with the name {name}.',
  'custom.no-certificate': 'CustomTargetCertificates has no certificate with the name {name}.',
  'custom.access': 'The custom target {instance} (line {line}) is not collected: {reason}',
  'custom.access.targets':
    '{targetCount, plural, one {# custom target is} other {# custom targets are}} not collected: {targets}. The same reason for each: {reason}',
  'custom.named': '{instance} (line {line})',
  'custom.access.advice': 'Add the missing entry, or take its name out of CustomTargets.',

  'rtcd.url': 'The URL of the media service of Calls (RTCD) cannot be used: {reason}.',
  'rtcd.url.advice':
    'Correct RTCD Service URL in Plugins > Calls, for example http://rtcd.example.com:8045.',
  'rtcd.no-url': 'it is no URL',
  'rtcd.no-http': 'it must begin with http:// or https://',
  'rtcd.unknown':
    'The name of the media service of Calls (RTCD), {name}, could not be looked up: it is not collected.',
  'rtcd.lost':
    'The name of the media service of Calls (RTCD), {name}, could not be looked up: the {addressCount, plural, one {# address known from before is} other {# addresses known from before are}} collected on.',
  'rtcd.unknown.advice':
    'Check RTCD Service URL in Plugins > Calls and that this server’s name service knows it.',
  'rtcd.too-many':
    'The media service of Calls (RTCD) has {addressCount} addresses; {limitCount} of them are collected.',
  'rtcd.too-many.advice': 'Check what RTCD Service URL in Plugins > Calls points to.',

  'discovery.row':
    'A node of the cluster is registered in a way that cannot be used: {which}: {reason}.',
  'discovery.row.more':
    'A node of the cluster is registered in a way that cannot be used: {which}: {reason}. There are {moreCount} more like it.',
  'discovery.row.advice':
    'Set Override Hostname in Environment > High Availability on that node to its plain host name or address, without a port, and restart it.',
  'discovery.row.id': 'the id is empty or too long',
  'discovery.row.times': 'its times are no times',
  'discovery.row.host': 'the host name cannot be used, {reason}',
  'discovery.row.localhost': 'this name means another machine everywhere',
  'discovery.no-id': 'without an id ({host})',
  'discovery.with-id': '{id} ({host})',
  'discovery.too-many':
    'More than {limitCount} nodes are registered for this cluster; those with the newest signs of life are collected.',
  'discovery.too-many.advice':
    'Delete rows of the table ClusterDiscovery that belong to no node of this cluster.',
  'discovery.duplicate': 'Several nodes are registered as {host}; it is collected once.',
  'discovery.duplicate.advice':
    'Give each node a host name of its own: Override Hostname in Environment > High Availability, or the network interface there.',
  'discovery.empty':
    'No node of the cluster "{cluster}" is registered in the table ClusterDiscovery: {consequence}.',
  'discovery.empty.advice':
    'Check that Cluster Name in Environment > High Availability is the same on all nodes, that the licence includes high availability, and restart the nodes after a change.',
  'discovery.failed':
    'The nodes of the cluster could not be read from the database ({code}): {consequence}.',
  'discovery.failed.advice': 'Check that the database runs and that this node reaches it.',
  'discovery.only-self': 'only this node is collected',
  'discovery.goes-on':
    '{nodeCount, plural, one {the # node known from before is} other {the # nodes known from before are}} collected on',
  'discovery.no-table':
    'The table ClusterDiscovery is missing: check that the database belongs to this version of the server.',
  'discovery.no-right':
    'Give the server’s database user the right to read the table ClusterDiscovery.',
  'discovery.no-database': 'Update the server: it offers no database to plugins.',
  'discovery.slow':
    'The database is overloaded or unreachable: look at its load and at the network.',

  'host.empty': 'it is empty',
  'host.too-long': 'it is longer than {limitCount} characters',
  'host.zone': 'an address with a zone means something else everywhere',
  'host.brackets': 'there is no IPv6 address in its brackets',
  'host.nowhere': 'it is the address of no machine',
  'host.not-plain': 'it is no plain host name',
  'host.port': 'it must not have a port',
  'host.no-name': 'it is no host name',
  'host.neither': 'it is neither a name nor an address',
  'host.forbidden': 'nothing is collected from link-local and metadata addresses',
  'port.range': 'the port must be from 1 to 65535',

  'ledger.not-saved':
    'The record of gaps cannot be written to disk ({reason}); it is kept in memory.',
  'ledger.not-saved.advice':
    'Free disk space for the plugin’s data directory and check that it is writable.',
} as const;
