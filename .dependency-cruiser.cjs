/**
 * The house as rules: docs/architecture.md says why. Three tables, then the rules made from them.
 */

/** Room of libs/ → the other rooms it may import. Arrows point down; never upward, never in a circle. */
const ROOMS = {
  kernel: [],
  record: ['kernel'],
  protocol: ['kernel', 'record'],
  aggregation: ['kernel'],
  payout: ['kernel', 'record'],
  rounds: ['kernel', 'record', 'protocol', 'aggregation'],
};
const BELOW_ADAPTERS = Object.keys(ROOMS);
for (const adapter of ['chain', 'blobs', 'training', 'telemetry']) ROOMS[adapter] = BELOW_ADAPTERS;
const BELOW_NODES = Object.keys(ROOMS);
ROOMS.site = BELOW_NODES;
ROOMS.compute = BELOW_NODES;
const BELOW_EDGE = Object.keys(ROOMS);
ROOMS.audit = BELOW_EDGE;
ROOMS.sandbox = BELOW_EDGE;

/** Rooms that run in a browser as well. */
const ISOMORPHIC = ['kernel', 'record', 'protocol', 'aggregation', 'payout', 'rounds'];

/** The part of the audit that runs in a browser as well: `recompute`, the steps it plays, and what they stand on. */
const BROWSER_AUDIT =
  '^libs/audit/src/(recompute/|state/|steps/(signed-by|v([2-79]|10)-)|rewards/rewards-of\\.ts$|' +
  'bundle/(evidence-files|epoch-evidence|round-evidence|layout|manifest|strict-json)\\.ts$|' +
  '(anchors|findings|history|play-steps|read-history|report)\\.ts$)';
/** The embedded chain's files behind `chain/proof`. */
const BROWSER_CHAIN =
  '^libs/chain/src/(proof/|embedded/(aura|hashing|header|scale|storage-key|xxh64)\\.ts$|embedded/trie/)';

/** Third party → the only places that may import it. */
const CONFINED = [
  ['polkadot', '@polkadot/[^/]+', '^libs/chain/src/client/|^e2e/|^bench/lib/'],
  ['typeorm', '(typeorm|@nestjs/typeorm)', '^apps/coordinator/src/persistence/'],
  ['nest', '@nestjs/[^/]+', '^apps/coordinator/src/'],
  [
    'ws',
    'ws',
    '^apps/coordinator/src/fleet/|^apps/client-node/src/|^libs/chain/src/embedded/|^e2e/|^bench/',
  ],
  ['tfjs', '@tensorflow/[^/]+', '^libs/training/src/'],
  ['telemetry', '(pino|pino-pretty|prom-client)', '^libs/telemetry/src/'],
  ['pg', 'pg', '^apps/coordinator/src/persistence/|^libs/sandbox/src/|^e2e/'],
  ['page', '(react|react-dom|wouter|uplot|@tanstack/[^/]+)', '^apps/dashboard/'],
  ['browser', '(playwright-core|@sparticuz/chromium|axe-core)', '^e2e/page/'],
  ['noble', '@noble/[^/]+', '^libs/kernel/src/web/|^libs/chain/src/embedded/'],
  ['terminal', '(commander|picocolors|cli-table3)', '^apps/cli/src/'],
];

/** Room of the coordinator → the other rooms it may import. `*` stands for the composition root. */
const COORDINATOR = {
  persistence: [],
  auth: ['persistence'],
  http: [],
  tls: [],
  registry: ['persistence'],
  models: ['persistence'],
  rounds: ['persistence'],
  fleet: ['rounds', 'registry'],
  ledger: ['persistence'],
  runs: ['fleet', 'rounds', 'registry', 'models', 'persistence'],
  settlement: ['persistence'],
  operations: ['rounds', 'persistence'],
  evidence: ['models', 'persistence'],
  page: [],
  'chain-relay': [],
};
/** Guards and the error filter serve every controller; so do single files beside the rooms (configuration, …). */
const COORDINATOR_COMMON = '(auth|http)/|(?!main|app\\.module)[^/]+\\.ts$';

/** Specs and suites shared by specs: they may use Node, deep paths and development dependencies. */
const TESTS = '\\.spec\\.ts$|/src/testing/';

const layerRules = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `libs/${room} may import ${allowed.join(', ') || 'no other room'}`,
  severity: 'error',
  from: { path: `^libs/${room}/` },
  to: { path: '^(libs|apps)/', pathNot: `^libs/(${[room, ...allowed].join('|')})/` },
}));

const confinementRules = CONFINED.map(([name, thirdParty, places]) => ({
  name: `confined-${name}`,
  severity: 'error',
  from: { path: '^(libs|apps|e2e|bench)/', pathNot: `${places}|${TESTS}` },
  to: { path: `node_modules/(@types/)?${thirdParty}/` },
}));

const coordinatorRules = Object.entries(COORDINATOR).map(([room, allowed]) => ({
  name: `coordinator-${room}`,
  severity: 'error',
  from: { path: `^apps/coordinator/src/${room}/`, pathNot: TESTS },
  to: {
    path: '^apps/coordinator/src/',
    pathNot: [
      `^apps/coordinator/src/(${[room, ...allowed].join('|')})/`,
      `^apps/coordinator/src/(${COORDINATOR_COMMON})`,
    ],
  },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    ...confinementRules,
    ...coordinatorRules,
    {
      name: 'known-room',
      comment: 'a new room needs a row in the tables of .dependency-cruiser.cjs',
      severity: 'error',
      from: { path: '^libs/', pathNot: `^libs/(${Object.keys(ROOMS).join('|')})/` },
      to: {},
    },
    {
      name: 'isomorphic',
      comment: 'these rooms run in a browser: no node:*, only kernel/node has it',
      severity: 'error',
      from: {
        path: `^libs/(${ISOMORPHIC.join('|')})/src/`,
        pathNot: `^libs/kernel/src/node/|${TESTS}`,
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'isomorphic-node-entry',
      severity: 'error',
      from: { path: `^libs/(${ISOMORPHIC.join('|')})/src/`, pathNot: `^libs/kernel/|${TESTS}` },
      to: { path: '^libs/kernel/src/node/' },
    },
    {
      name: 'isomorphic-third-party',
      comment: 'zod and yaml in protocol, hashes in kernel/web, nothing elsewhere',
      severity: 'error',
      from: { path: `^libs/(${ISOMORPHIC.join('|')})/src/`, pathNot: TESTS },
      to: { path: 'node_modules/', pathNot: 'node_modules/(zod|yaml|@noble/hashes)/' },
    },
    {
      name: 'browser-audit',
      comment:
        'the page recomputes a run with these files: Node, workers and files stay behind them',
      severity: 'error',
      from: { path: `${BROWSER_AUDIT}|${BROWSER_CHAIN}`, pathNot: TESTS },
      to: {
        path: [
          '^(node:)?(fs|crypto|worker_threads|net|http|https|os|path|process|child_process|stream)(/|$)',
          '^libs/kernel/src/node/',
          '^libs/(blobs|compute|telemetry|training)/',
          '^libs/chain/src/(?!proof/|embedded/)',
          '^libs/audit/src/bundle/(bundle-|write-bundle|canonical-spec)',
        ],
      },
    },
    {
      name: 'apps-apart',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'site-page-apart',
      comment:
        'the page of a site shows what its node says: of the coordinator’s page only the parts',
      severity: 'error',
      from: { path: '^apps/dashboard/src/site/', pathNot: TESTS },
      to: {
        path: '^apps/dashboard/src/',
        pathNot:
          '^apps/dashboard/src/(site/|parts/|api/(client|use-data|api-error)\\.ts$|shell/(toast\\.tsx|theme\\.css)$)',
      },
    },
    {
      name: 'coordinator-page-apart',
      comment: 'what both pages use are parts',
      severity: 'error',
      from: { path: '^apps/dashboard/src/(?!site/)', pathNot: TESTS },
      to: { path: '^apps/dashboard/src/site/' },
    },
    {
      name: 'black-box',
      comment: 'e2e starts processes; it imports none of our code',
      severity: 'error',
      from: { path: '^e2e/' },
      to: { path: '^(libs|apps)/' },
    },
    {
      name: 'sandbox-on-demand',
      comment: 'production must not load the embedded servers: import() it where it is started',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: `^libs/sandbox/|${TESTS}` },
      to: { path: '^libs/sandbox/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'front-door',
      comment: 'import a room by its exports, never by a path into it',
      severity: 'error',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: {
        path: '^libs/([^/]+)/src/',
        pathNot: ['^$1/$2/', '^libs/[^/]+/src/index\\.ts$', '^libs/[^/]+/src/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'no-tests-in-code',
      severity: 'error',
      from: { path: '^(libs|apps)/[^/]+/src/', pathNot: TESTS },
      to: { path: TESTS },
    },
    {
      name: 'no-circular',
      comment: 'a circle of types alone is erased by the compiler and harmless',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: `${TESTS}|(^|/)index\\.ts$|main\\.ts$|-worker\\.ts$|\\.d\\.ts$|vite\\.config\\.ts$|^(e2e|bench|tools)/`,
      },
      to: {},
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'not-to-dev-dependency',
      comment: 'the dashboard is bundled: what it is made of is not installed where it is served',
      severity: 'error',
      from: { path: '^(libs|apps)/[^/]+/src/', pathNot: `^apps/dashboard/|${TESTS}` },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '@types/' },
    },
    {
      name: 'not-unlisted',
      comment: 'list it in the package.json of the room',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|dist-types|assembly)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@tallystick/source', 'import', 'require', 'node', 'default', 'types'],
    },
  },
};
