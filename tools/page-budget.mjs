// @ts-check
/**
 * What the page weighs: `npm run check` fails when a page asks for more than its budget. Counted is everything that a
 * browser loads for it (the entry, the page's own chunk and all they import), packed with gzip as the coordinator sends it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const KB = 1_000;

/**
 * Entry of a build → source of a page → bytes of JavaScript. `new` brings the run spec's checks, which no other page needs.
 * @type {Record<string, Record<string, number>>}
 */
const SCRIPTS = {
  'index.html': {
    'src/pages/runs/runs-page.tsx': 80 * KB,
    'src/pages/run/run-page.tsx': 115 * KB,
    'src/pages/round/round-page.tsx': 115 * KB,
    'src/pages/nodes/nodes-page.tsx': 115 * KB,
    'src/pages/compare/compare-page.tsx': 115 * KB,
  },
  'site.html': Object.fromEntries(
    ['tasks', 'task', 'data', 'policy', 'consent', 'evidence', 'earnings', 'log'].map((page) => [
      `src/site/pages/${page}-page.tsx`,
      80 * KB,
    ]),
  ),
};
const ALL_STYLES = 8 * KB;
/** The worker that recomputes a run; loaded by the audit and the ledger alone, and in no manifest. */
const VERIFIER = { file: /^verifier\.worker-.*\.js$/, limit: 40 * KB };

/** @typedef {Record<string, { file: string, imports?: string[], css?: string[] }>} Manifest */

/** @param {Manifest} manifest @param {string} key @param {Set<string>} seen @returns {Set<string>} it and all it imports */
function closure(manifest, key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const other of manifest[key]?.imports ?? []) closure(manifest, other, seen);
  return seen;
}

/**
 * @param {Manifest} manifest @param {(file: string) => number} packed
 * @returns {string[]} what is over its budget, each one line
 */
export function overBudget(manifest, packed) {
  const over = [];
  const pages = Object.entries(SCRIPTS).flatMap(([entry, limits]) =>
    Object.entries(limits).map(([page, limit]) => ({ entry, page, limit })),
  );
  for (const { entry, page, limit } of pages) {
    if (manifest[page] === undefined) {
      over.push(`${page}: not in the build`);
      continue;
    }
    const keys = closure(manifest, page, closure(manifest, entry));
    const bytes = [...keys].reduce((sum, key) => sum + packed(manifest[key]?.file ?? ''), 0);
    if (bytes > limit) over.push(`${page}: ${bytes} bytes of JavaScript, the budget is ${limit}`);
  }
  const styles = new Set(Object.values(manifest).flatMap(({ css = [] }) => css));
  const bytes = [...styles].reduce((sum, file) => sum + packed(file), 0);
  if (bytes > ALL_STYLES) over.push(`styles: ${bytes} bytes, the budget is ${ALL_STYLES}`);
  return over;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dist = join(ROOT, 'apps/dashboard/dist');
  const path = join(dist, '.vite/manifest.json');
  if (!existsSync(path)) {
    console.error('the page is not built: node tools/build.mjs');
    process.exit(1);
  }
  const packed = (/** @type {string} */ file) => gzipSync(readFileSync(join(dist, file))).length;
  const over = overBudget(JSON.parse(readFileSync(path, 'utf8')), packed);
  const verifier = readdirSync(join(dist, 'assets')).find((file) => VERIFIER.file.test(file));
  const bytes = verifier === undefined ? Infinity : packed(`assets/${verifier}`);
  if (bytes > VERIFIER.limit) over.push(`verifier: ${bytes} bytes, budget ${VERIFIER.limit}`);
  for (const line of over) console.error(line);
  process.exitCode = over.length > 0 ? 1 : 0;
}
