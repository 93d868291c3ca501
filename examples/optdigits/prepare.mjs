// @ts-check
/**
 * Makes the twenty site files from the published ones:
 *
 *     node prepare.mjs RAW_FOLDER [OUTPUT_FOLDER]
 *
 * RAW_FOLDER holds optdigits.tra and optdigits.tes as UCI publishes them; other bytes are refused by their SHA-256.
 * Train and test rows are each put in the order of the SHA-256 of "optdigits <set> <row number>" and dealt out one by
 * one, so that every site has a random share of both and anybody gets the same files.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SITES = 20;
const PIXELS = 64;
const FILES = [
  {
    name: 'optdigits.tra',
    set: 'train',
    rows: 3823,
    sha256: 'e1b683cc211604fe8fd8c4417e6a69f31380e0c61d4af22e93cc21e9257ffedd',
  },
  {
    name: 'optdigits.tes',
    set: 'test',
    rows: 1797,
    sha256: '6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8',
  },
];

/** @param {string} text */
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** @param {string} folder @param {(typeof FILES)[number]} file @returns {Promise<string[]>} lines of the CSVs */
async function dealt(folder, file) {
  const text = await readFile(join(folder, file.name), 'utf8');
  if (sha256(text) !== file.sha256) throw new Error(`${file.name} is not the published file`);
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length !== file.rows) throw new Error(`${file.name} has ${lines.length} rows`);
  return lines
    .map((line, row) => ({
      line: `${line},${file.set}`,
      key: sha256(`optdigits ${file.set} ${row}`),
    }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ line }) => line);
}

const here = dirname(fileURLToPath(import.meta.url));
const [raw, output = here] = process.argv.slice(2);
if (raw === undefined) throw new Error('usage: node prepare.mjs RAW_FOLDER [OUTPUT_FOLDER]');
const sets = await Promise.all(FILES.map((file) => dealt(raw, file)));
const header = [...Array.from({ length: PIXELS }, (_, i) => `p${i}`), 'digit', 'set'].join(',');
for (let site = 0; site < SITES; site++) {
  const name = `site-${String(site + 1).padStart(2, '0')}`;
  const rows = sets.flatMap((lines) => lines.filter((_, i) => i % SITES === site));
  const folder = join(output, 'sites', name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'digits.csv'), `${[header, ...rows].join('\n')}\n`);
  await writeFile(
    join(folder, 'node.yaml'),
    `# What the node of this site may do. Paths are relative to this file.
name: ${name}
organisation: ${name}
coordinator: http://127.0.0.1:7700 # where \`tally up\` listens; the demo fills in its own
datasets:
  digits: digits.csv
policy:
  purposes: [DUO:0000042] # GA4GH Data Use Ontology: general research use
  minCohort: 3
  models: any
`,
  );
}
