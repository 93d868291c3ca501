// @ts-check
/**
 * Writes the generated pages of docs/ from the code: `npm run docs`. With `--check` it writes nothing, and fails
 * when a page is not what would be written, when a link between pages is dead, or when a text of the catalogue
 * points at a page that does not exist.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { innerLimits } from './inner-limits.mjs';
import { build } from './build.mjs';
import {
  configPage,
  decisionsPage,
  errorsPage,
  limitsPage,
  metricsPage,
  tamperPage,
} from './docs-pages.mjs';
import { ownMetrics } from './metric-list.mjs';

const PALLET_ERRORS = 'chain/pallets/tally/src/errors.rs';
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} path of a built module, from the root @returns {Promise<any>} */
function load(path) {
  return import(new URL(`../${path}`, import.meta.url).href);
}

/** @returns {{ file: string, text: string }[]} */
function decisions() {
  return readdirSync(join(ROOT, 'docs/adr'))
    .filter((file) => /^\d{4}-.*\.md$/.test(file))
    .sort()
    .map((file) => ({ file, text: readFileSync(join(ROOT, 'docs/adr', file), 'utf8') }));
}

/** @param {any} schema of zod @returns {import('./docs-pages.mjs').JsonSchema} what may be given */
function inputSchema(schema) {
  return schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' });
}

/**
 * @param {any} telemetry its module
 * @returns {import('./metric-list.mjs').Metric[]} what every process of ours shows, on every platform
 */
function processMetrics({ Metrics }) {
  const metrics = new Metrics();
  metrics.observeProcess();
  /** @type {import('./metric-list.mjs').Metric[]} */
  const all = metrics.list();
  return all.filter(({ name }) =>
    /process_(cpu_seconds|resident|start)|nodejs_(eventloop_lag(_p\d+)?_seconds|heap_size|gc)/.test(
      name,
    ),
  );
}

/** @returns {Promise<string>} docs/config.md */
async function settings() {
  const coordinator = await load('apps/coordinator/dist/config.js');
  const node = await load('apps/client-node/dist/config.js');
  const site = await load('libs/site/dist/index.js');
  const apps = [
    {
      title: 'Coordinator',
      intro: '`node apps/coordinator/dist/main.js`; `tally up` passes the same variables on.',
      schema: inputSchema(coordinator.ConfigSchema),
    },
    {
      title: 'Node',
      intro:
        '`node apps/client-node/dist/main.js`, or `tally node start`. What the site allows and where its data lie stands in its `node.yaml`.',
      schema: inputSchema(node.ConfigSchema),
    },
  ];
  const files = [
    {
      title: 'node.yaml',
      intro:
        'What a site is called, where its data lie and what it allows: in the folder of the site. It is read when the node starts.',
      schema: inputSchema(site.SiteConfig),
    },
  ];
  return configPage(apps, files);
}

/** @returns {Promise<Record<string, string>>} path → text of every generated page */
async function pages() {
  const { ERROR_FAMILIES } = await load('libs/kernel/dist/index.js');
  const { LIMITS, LIMIT_NOTES } = await load('libs/protocol/dist/index.js');
  const telemetry = await load('libs/telemetry/dist/index.js');
  const { tamperRows } = await load('libs/audit/dist/testing/tamper-bench.js');
  const texts = {
    'docs/errors.md': errorsPage(ERROR_FAMILIES, readFileSync(join(ROOT, PALLET_ERRORS), 'utf8')),
    'docs/limits.md': limitsPage(LIMITS, LIMIT_NOTES, innerLimits(ROOT)),
    'docs/config.md': await settings(),
    'docs/metrics.md': metricsPage(ownMetrics(ROOT), processMetrics(telemetry)),
    'docs/tamper-bench.md': tamperPage(tamperRows()),
    'docs/adr/README.md': decisionsPage(decisions()),
  };
  const formatted = Object.entries(texts).map(async ([path, text]) => [
    path,
    await format(text, { parser: 'markdown', printWidth: 100, singleQuote: true }),
  ]);
  return Object.fromEntries(await Promise.all(formatted));
}

/** @returns {string[]} every hand-written or generated page, from the root */
function markdown() {
  const below = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  const beside = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  return [...beside, ...below].sort();
}

/** @param {string} path @param {string} text @returns {string[]} */
function deadLinks(path, text) {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:|^#/.test(target))
    .filter((target) => !existsSync(join(ROOT, dirname(path), target.replace(/#.*$/, ''))))
    .map((target) => `${path}: dead link ${target}`);
}

/** @param {Record<string, string>} generated @returns {string[]} */
function faults(generated) {
  const stale = Object.entries(generated)
    .filter(
      ([path, text]) =>
        !existsSync(join(ROOT, path)) || readFileSync(join(ROOT, path), 'utf8') !== text,
    )
    .map(([path]) => `${path} is stale: npm run docs`);
  const dead = markdown().flatMap((path) =>
    deadLinks(path, readFileSync(join(ROOT, path), 'utf8')),
  );
  const named = new Set(
    Object.values(generated)
      .join('\n')
      .match(/docs\/[a-z-]+\.md/g),
  );
  const missing = [...named]
    .filter((path) => !existsSync(join(ROOT, path)))
    .map((path) => `${path} is named in a text of the code, but does not exist`);
  return [...stale, ...dead, ...missing];
}

// Errors in other rooms are the types step's to report; tsc emits the modules needed here all the same.
await build();
const generated = await pages();
if (process.argv.includes('--check')) {
  const found = faults(generated);
  for (const fault of found) console.error(fault);
  process.exitCode = found.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of Object.entries(generated)) writeFileSync(join(ROOT, path), text);
}
