// @ts-check
/** One page of the documentation: Markdown in, HTML and what it links to out. */
import MarkdownIt from 'markdown-it';
import { escapeHtml, slugs } from './slug.mjs';

/**
 * @typedef {{ level: number, text: string, id: string }} Heading
 * @typedef {{ title: string, html: string, headings: Heading[], anchors: Set<string>, links: string[] }} Rendered
 * @typedef {import('markdown-it').Token} Token
 */

/** Raw HTML stays text, so that a page can hold nothing that runs. */
const markdown = new MarkdownIt({ html: false });

markdown.renderer.rules['table_open'] = () =>
  '<div class="wide" role="group" aria-label="Table" tabindex="0"><table>\n';
markdown.renderer.rules['table_close'] = () => '</table></div>\n';
markdown.renderer.rules['fence'] = (/** @type {Token[]} */ tokens, /** @type {number} */ at) =>
  `<pre tabindex="0"><code>${escapeHtml(tokens[at]?.content ?? '')}</code></pre>\n`;

/** @param {Token} inline @returns {string} its words without marks */
function wordsOf(inline) {
  return (inline.children ?? []).map(({ content }) => content).join('');
}

/** @param {Token[]} tokens @param {Set<string>} anchors @returns {Heading[]} each has its id now, as GitHub names it */
function nameHeadings(tokens, anchors) {
  const slug = slugs(anchors);
  return tokens.flatMap((token, at) => {
    const inline = tokens[at + 1];
    if (token.type !== 'heading_open' || inline === undefined) return [];
    const text = wordsOf(inline);
    const id = slug(text);
    token.attrSet('id', id);
    return [{ level: Number(token.tag.slice(1)), text, id }];
  });
}

/** A row that begins with one piece of code (an error, a setting, a field) can be linked to by it. @param {Token[]} tokens @param {Set<string>} anchors */
function nameRows(tokens, anchors) {
  for (const [at, token] of tokens.entries()) {
    const [first, ...more] = tokens[at + 2]?.children ?? [];
    if (token.type !== 'tr_open' || first?.type !== 'code_inline' || more.length > 0) continue;
    if (!/^[\w.…[\]-]+$/.test(first.content) || anchors.has(first.content)) continue;
    anchors.add(first.content);
    token.attrSet('id', first.content);
  }
}

/** A head without words is no head to a screen reader. @param {Token[]} tokens */
function emptyHeads(tokens) {
  for (const [at, token] of tokens.entries()) {
    if (token.type !== 'th_open' || tokens[at + 1]?.content !== '') continue;
    for (const cell of [token, tokens[at + 2]]) if (cell !== undefined) cell.tag = 'td';
  }
}

/**
 * @param {string} text of a Markdown file @param {(target: string) => string} hrefOf what a link or picture becomes
 * @returns {Rendered}
 */
export function render(text, hrefOf) {
  const tokens = markdown.parse(text.replace(/<!--[\s\S]*?-->/g, ''), {});
  /** @type {Set<string>} */
  const anchors = new Set();
  const headings = nameHeadings(tokens, anchors);
  nameRows(tokens, anchors);
  emptyHeads(tokens);
  /** @type {string[]} */
  const links = [];
  for (const token of tokens.flatMap(({ children }) => children ?? [])) {
    const attribute = { link_open: 'href', image: 'src' }[token.type];
    if (attribute === undefined) continue;
    const target = String(token.attrGet(attribute) ?? '');
    links.push(target);
    token.attrSet(attribute, hrefOf(target));
  }
  const html = markdown.renderer.render(tokens, markdown.options, {});
  return { title: headings[0]?.text ?? '', html, headings, anchors, links };
}
