// @ts-check
/** Which files make the site: whatever the README leads to, link by link, in the repository's own folders. */
import { posix } from 'node:path';
import { render } from './render.mjs';

/**
 * @typedef {import('./render.mjs').Rendered & { path: string }} Page
 * @typedef {{ read: (path: string) => string, kind: (path: string) => 'file' | 'folder' | 'none' }} Tree
 * @typedef {{ pages: Map<string, Page>, files: Set<string>, faults: string[] }} Site
 */

/** Where reading begins, and the page whose lists are the table of contents. */
export const FRONT = 'README.md';
export const CONTENTS = 'docs/README.md';

/** @param {string} path of a Markdown file @returns {string} of its page, from the site's root */
export function pagePath(path) {
  return path.replace(/README\.md$/, 'index.md').replace(/\.md$/, '.html');
}

/** @param {string} target @returns {boolean} */
function isElsewhere(target) {
  return /^[a-z]+:/.test(target);
}

/** @param {Tree} tree @param {string} from a page @param {string} target of a link there @returns {{ path: string, anchor: string }} */
function resolve(tree, from, target) {
  const [place = '', anchor = ''] = target.split('#');
  if (place === '') return { path: from, anchor };
  const path = posix.join(posix.dirname(from), place).replace(/\/$/, '');
  return { path: tree.kind(path) === 'folder' ? `${path}/README.md` : path, anchor };
}

/** @param {Tree} tree @param {string} path @returns {Page} */
function pageOf(tree, path) {
  const from = posix.dirname(pagePath(path));
  const hrefOf = (/** @type {string} */ target) => {
    if (isElsewhere(target) || target.startsWith('#')) return target;
    const { path: to, anchor } = resolve(tree, path, target);
    return posix.relative(from, pagePath(to)) + (anchor === '' ? '' : `#${anchor}`);
  };
  return { path, ...render(tree.read(path), hrefOf) };
}

/** @param {Tree} tree the repository @returns {Site} `faults` are links that lead nowhere, and pages without a title */
export function collect(tree) {
  /** @type {Site} */
  const site = { pages: new Map(), files: new Set(), faults: [] };
  /** @type {{ from: string, target: string, path: string, anchor: string }[]} */
  const arrows = [];
  const waiting = [FRONT];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (site.pages.has(path)) continue;
    const page = pageOf(tree, path);
    site.pages.set(path, page);
    if (page.title === '') site.faults.push(`${path}: no heading`);
    for (const target of page.links.filter((link) => !isElsewhere(link))) {
      const arrow = { from: path, target, ...resolve(tree, path, target) };
      arrows.push(arrow);
      if (tree.kind(arrow.path) !== 'file') site.faults.push(`${path}: dead link ${target}`);
      else if (arrow.path.endsWith('.md')) waiting.push(arrow.path);
      else site.files.add(arrow.path);
    }
  }
  const lost = arrows.filter(({ path, anchor }) => {
    const page = site.pages.get(path);
    return anchor !== '' && page !== undefined && !page.anchors.has(decodeURIComponent(anchor));
  });
  site.faults.push(...lost.map(({ from, target }) => `${from}: no such place ${target}`));
  return site;
}
