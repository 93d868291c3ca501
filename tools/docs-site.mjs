// @ts-check
/**
 * Writes the documentation as a folder of HTML: `npm run docs:site [FOLDER]` (default: dist/docs-site). It is every page that the
 * README leads to, works from a disk and under any path, and needs no server. Fails when a link leads nowhere.
 */
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collect, CONTENTS, pagePath } from './site/collect.mjs';
import { pageHtml } from './site/template.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const THEME = 'apps/dashboard/src/shell/theme.css';

/** @type {import('./site/collect.mjs').Tree} */
export const repository = {
  read: (path) => readFileSync(join(ROOT, path), 'utf8'),
  kind(path) {
    const found = statSync(join(ROOT, path), { throwIfNoEntry: false });
    if (found === undefined) return 'none';
    return found.isDirectory() ? 'folder' : 'file';
  },
};

/** @returns {string} the colours and letters of the coordinator's page, then the site's own rules */
function styles() {
  const theme = repository.read(THEME);
  return theme.slice(0, theme.indexOf('}') + 1) + '\n' + repository.read('tools/site/site.css');
}

/** @param {Iterable<import('./site/collect.mjs').Page>} pages @returns {string} a script, since a page on a disk can fetch nothing */
function searchIndex(pages) {
  const rows = [...pages].map(({ path, title, headings, anchors }) => {
    const named = new Map(headings.map(({ id, text }) => [id, text]));
    const places = [...anchors].map((anchor) => [named.get(anchor) ?? anchor, anchor]);
    return [title, pagePath(path), places.slice(1)];
  });
  return `globalThis.SEARCH_INDEX = ${JSON.stringify(rows)};\n`;
}

/**
 * @param {string} folder @returns {string[]} the HTML files, from it
 */
export function writeSite(folder) {
  const site = collect(repository);
  if (site.faults.length > 0) throw new Error(site.faults.join('\n'));
  const contents = site.pages.get(CONTENTS);
  if (contents === undefined) throw new Error(`nothing leads to ${CONTENTS}`);
  const write = (/** @type {string} */ path, /** @type {string} */ text) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const page of site.pages.values()) write(pagePath(page.path), pageHtml(page, contents));
  for (const file of site.files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(folder, file));
  }
  write('site.css', styles());
  write('search.js', repository.read('tools/site/search.js'));
  write('search-index.js', searchIndex(site.pages.values()));
  return [...site.pages.keys()].map(pagePath);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? join(ROOT, 'dist/docs-site');
  try {
    console.log(`${writeSite(folder).length} pages in ${folder}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
