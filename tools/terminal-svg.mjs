// @ts-check
/**
 * Draws captured terminal text as an SVG: `node tools/terminal-svg.mjs < run.txt > docs/images/demo.svg`.
 * The README's picture is made from the output of a real run, never by hand.
 */
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

const LINE = 18;
const CHAR = 8.4;
const PAD = 18;

/** @param {string} text */
const escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const lines = stripVTControlCharacters(readFileSync(0, 'utf8')).trimEnd().split('\n');
const width = Math.ceil(PAD * 2 + CHAR * Math.max(...lines.map((line) => line.length)));
const height = PAD * 2 + LINE * lines.length;
const texts = lines.map((line, i) => {
  const fill = line.startsWith('VERIFIED')
    ? '#3fb950'
    : line.startsWith('$')
      ? '#58a6ff'
      : '#c9d1d9';
  return `<text x="${PAD}" y="${PAD + LINE * (i + 0.8)}" fill="${fill}" xml:space="preserve">${escape(line)}</text>`;
});
process.stdout.write(
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Terminal output of npm start">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">
${texts.join('\n')}
</g>
</svg>
`,
);
