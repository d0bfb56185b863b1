// The rooms of docs/architecture.md and the arrows between them. Test files are apart: they may
// reach anything, and nothing that ships may reach them.

/** Which room may import which; a room may always import itself. */
const arrows = {
  'lib/bytes': [],
  'lib/runtime': [],
  'lib/yamux': ['lib/bytes', 'lib/runtime'],
  'lib/gob': ['lib/bytes', 'lib/runtime'],
  'lib/netrpc': ['lib/gob', 'lib/bytes', 'lib/runtime'],
  'lib/goplugin': ['lib/netrpc', 'lib/gob', 'lib/yamux', 'lib/bytes', 'lib/runtime'],
  'lib/exposition': ['lib/bytes', 'lib/runtime'],
  'lib/tsdb': ['lib/bytes', 'lib/runtime'],
  'lib/objectstore': ['lib/bytes', 'lib/runtime'],
  api: [],
  // What to look at, as data: dumps make dashboards of it, the console charts.
  panels: [],
  'server/mattermost': ['lib'],
  'server/settings': ['lib', 'api'],
  'server/collect': ['lib', 'api', 'server/settings'],
  'server/cluster': ['lib', 'api', 'server/settings'],
  'server/share': ['lib', 'api', 'server/settings'],
  'server/dump': ['lib', 'api', 'panels', 'server/settings', 'server/share'],
  'server/web': ['lib', 'api', 'server/settings', 'server/collect', 'server/share', 'server/dump'],
  'server/worker\\.ts': ['lib', 'server/dump'],
  'server/environment\\.ts': ['lib'],
  'server/configuration\\.ts': ['api', 'server/mattermost', 'server/settings'],
  'server/status\\.ts': ['api'],
  // From here on a room may import the ones above it.
  'server/places': ['lib', 'api', 'server/mattermost'],
  'server/membership': ['lib', 'api', 'server/mattermost', 'server/cluster'],
  'server/duty': [
    ...['lib', 'api', 'server/mattermost', 'server/collect', 'server/share', 'server/dump'],
    ...['server/environment\\.ts', 'server/configuration\\.ts', 'server/membership'],
  ],
  'server/state': [
    ...['lib', 'api', 'server/cluster', 'server/collect', 'server/share', 'server/dump'],
    ...['server/status\\.ts', 'server/places', 'server/membership', 'server/duty'],
  ],
  'server/telemetry': [
    ...['lib', 'api', 'server/cluster', 'server/membership', 'server/duty', 'server/state'],
  ],
  'server/console': ['lib', 'api', 'server/mattermost'],
  'server/audit': ['lib', 'server/mattermost', 'server/settings', 'server/configuration\\.ts'],
  'server/diagnostics': [
    ...['lib', 'api', 'server/mattermost', 'server/settings', 'server/dump'],
    ...['server/configuration\\.ts', 'server/status\\.ts', 'server/telemetry'],
  ],
  'server/parts': [
    ...['lib', 'api', 'server/mattermost', 'server/collect'],
    ...['server/share', 'server/dump', 'server/places', 'server/membership', 'server/duty'],
    ...['server/state', 'server/telemetry', 'server/environment\\.ts', 'server/status\\.ts'],
    ...['server/configuration\\.ts', 'server/server-facts\\.ts'],
  ],
  webapp: ['api'],
  // Tools look at what the plugin leaves on the disk; nothing may need a tool.
  tools: ['lib', 'server/collect'],
};

/** What every room of the dumps stands on. */
const dumpBase = ['lib', 'api', ...inDump('(errors|limits|ports|refusals|utc-text)\\.ts')];

/** The rooms of the dumps, from the ground up; `dumps.ts` and `index.ts` above them may use all. */
const dumpArrows = {
  selection: ['server/settings', 'server/share'],
  series: ['panels'],
  'work-area': ['server/share', ...inDump('selection')],
  redaction: inDump('selection', 'series'),
  packing: inDump('selection', 'series', 'redaction'),
  archive: ['server/share', ...inDump('selection')],
  viewer: ['panels'],
  texts: inDump('selection', 'packing', 'viewer'),
  building: [
    'server/share',
    ...inDump('selection', 'series', 'work-area', 'redaction', 'packing', 'archive', 'texts'),
  ],
  probe: inDump(
    ...['selection', 'series', 'work-area', 'redaction', 'packing', 'archive', 'texts'],
    'building',
  ),
  choices: inDump('selection', 'work-area', 'probe'),
  jobs: ['server/share', ...inDump('selection', 'archive', 'building')],
  packet: inDump('selection', 'archive', 'building', 'jobs', 'dumps\\.ts'),
};

for (const [room, targets] of Object.entries(dumpArrows)) {
  arrows[`server/dump/${room}`] = [...dumpBase, ...targets];
}

/** What the rooms of the host's side stand on; each of them knows nothing of the others. */
const hostBase = ['lib', 'server/mattermost/(errors|limits|schemas)\\.ts'];
for (const room of ['config', 'http', 'log', 'sql']) arrows[`server/mattermost/${room}`] = hostBase;

/** What every room of collecting stands on. */
const collectBase = [
  ...['lib', 'api', 'server/settings'],
  ...inCollect('(alike|collect-settings|errors|limits|sample-store|target)\\.ts'),
];

/** The rooms of collecting, from the ground up; `collector.ts` and `index.ts` above them may use all. */
const collectArrows = {
  discovery: [],
  slots: [],
  fetch: inCollect('slots'),
  targets: inCollect('discovery', 'fetch'),
  metadata: [],
  gaps: inCollect('metadata'),
  ingest: inCollect('slots', 'metadata'),
  scrape: inCollect('slots', 'fetch', 'metadata', 'gaps', 'ingest'),
};

for (const [room, targets] of Object.entries(collectArrows)) {
  arrows[`server/collect/${room}`] = [...collectBase, ...targets];
}

function inDump(...names) {
  return names.map((name) => `server/dump/${name}`);
}

function inCollect(...names) {
  return names.map((name) => `server/collect/${name}`);
}

const ours = '^(lib|api|panels|server|webapp|tools|build|test)/';
const workerEntries = '^server/dump/[^/]+/worker-handlers\\.ts$';
const testFiles = '(\\.test\\.tsx?$|-fixture\\.ts$|^test/)';

const roomRules = Object.entries(arrows).map(([room, targets]) => ({
  name: `arrows-of-${room.replaceAll(/[^a-z]+/g, '-')}`,
  comment: `${room} may import ${targets.join(', ') || 'nothing'}: docs/architecture.md`,
  severity: 'error',
  from: { path: `^${room}(/|$)`, pathNot: testFiles },
  to: {
    path: ours,
    pathNot: [room, ...targets].map((target) => `^${target}(/|$)`),
  },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...roomRules,
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one file, or lack a third below both.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'lib-knows-no-product',
      comment: 'A library knows nothing of Mattermost, of this product, of build and tests.',
      severity: 'error',
      from: { path: '^lib/', pathNot: testFiles },
      to: { path: ours, pathNot: '^lib/' },
    },
    {
      name: 'library-through-index',
      comment: 'Import a library through its index.ts.',
      severity: 'error',
      from: { path: '^lib/([^/]+)/', pathNot: testFiles },
      to: { path: '^lib/[^/]+/', pathNot: ['^lib/$1/', '^lib/[^/]+/index\\.ts$'] },
    },
    {
      name: 'library-through-index-from-outside',
      comment: 'Import a library through its index.ts.',
      severity: 'error',
      from: { pathNot: ['^lib/', testFiles] },
      to: { path: '^lib/[^/]+/', pathNot: '^lib/[^/]+/index\\.ts$' },
    },
    {
      name: 'inner-room-through-index',
      comment:
        'Import a room of collecting, of the dumps or of the side of the host through its index.ts.',
      severity: 'error',
      from: { path: '^server/(collect|dump|mattermost)/([^/]+)', pathNot: testFiles },
      to: {
        path: '^server/(collect|dump|mattermost)/[^/]+/',
        pathNot: ['^server/$1/$2/', '^server/[^/]+/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'room-through-index',
      comment:
        'Import a room of the server through its index.ts; worker threads have entries of their own.',
      severity: 'error',
      from: { path: '^server/([^/]+)', pathNot: testFiles },
      to: {
        path: '^server/[^/]+/',
        pathNot: ['^server/$1/', '^server/[^/]+/index\\.ts$', workerEntries],
      },
    },
    {
      name: 'room-through-index-from-outside',
      comment:
        'Import a room of the server through its index.ts; tools take the mere codec of a file.',
      severity: 'error',
      from: { pathNot: ['^(server|tools)/', testFiles] },
      to: { path: '^server/[^/]+/', pathNot: '^server/[^/]+/index\\.ts$' },
    },
    {
      name: 'pure-core',
      comment: 'Codecs and block reading take bytes and return values; they run in a browser too.',
      severity: 'error',
      from: { path: '^lib/(bytes|exposition|tsdb/(chunk|index|block))/', pathNot: testFiles },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'lib-without-packages',
      comment: 'Only the drivers of the object store may need a package.',
      severity: 'error',
      from: { path: '^lib/', pathNot: [testFiles, '^lib/objectstore/'] },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg'] },
    },
    {
      name: 'shipped-code-without-dev-packages',
      comment:
        'What ships needs an entry in dependencies (types alone may come from devDependencies).',
      severity: 'error',
      from: { path: '^(lib|server)/', pathNot: testFiles },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '@types/' },
    },
    {
      name: 'nothing-reaches-tests',
      comment: 'Test code and fixtures are for tests.',
      severity: 'error',
      from: { pathNot: [testFiles, '^build/'] },
      to: { path: testFiles },
    },
    {
      name: 'resolvable',
      comment: 'An import that resolves to nothing. The page of browser tests has its own bundler.',
      severity: 'error',
      from: { pathNot: '^test/e2e/page/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^dist/', '^\\.cache/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
