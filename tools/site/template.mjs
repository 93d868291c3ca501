// @ts-check
import { posix } from 'node:path';
import { CONTENTS, FRONT, pagePath } from './collect.mjs';
import { escapeHtml } from './slug.mjs';

/** @typedef {import('./collect.mjs').Page} Page */

/**
 * The page of contents as it looks from another page: its lists, with links that lead from there.
 * @param {Page} contents @param {Page} page @returns {string}
 */
function contentsFrom(contents, page) {
  const here = posix.dirname(pagePath(page.path));
  const there = posix.dirname(pagePath(CONTENTS));
  const lists = contents.html.slice(contents.html.indexOf('<h2'));
  return lists
    .replace(/ id="[^"]*"/g, '')
    .replace(/<h2>/g, '<h2 class="group">')
    .replace(/ href="([^"#:]+)"/g, (_, /** @type {string} */ href) => {
      const path = posix.join(there, href);
      const current = path === pagePath(page.path) ? ' aria-current="page"' : '';
      return ` href="${posix.relative(here, path)}"${current}`;
    })
    .replace(/<\/a>(?:(?!<\/li>)[\s\S])*<\/li>/g, '</a></li>');
}

/** @param {Page} page @param {Page} contents the page of contents @returns {string} a whole HTML file */
export function pageHtml(page, contents) {
  const root = posix.relative(posix.dirname(pagePath(page.path)), '.') || '.';
  const title = page.path === FRONT ? 'Tallystick' : `${page.title} · Tallystick`;
  return `<!doctype html>
<html lang="en" data-root="${root}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${root}/site.css">
<link rel="icon" href="data:,">
<script src="${root}/search-index.js" defer></script>
<script src="${root}/search.js" defer></script>
</head>
<body>
<header>
<a class="skip" href="#text">Skip to the text</a>
<a class="name" href="${root}/index.html">Tallystick</a>
<a class="to-contents" href="#contents">Contents</a>
<div id="search"></div>
</header>
<div class="sheet">
<main id="text" tabindex="-1">
${page.html}</main>
<nav id="contents" aria-label="Contents">
${contentsFrom(contents, page)}</nav>
</div>
</body>
</html>
`;
}
