// @ts-check
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gaussian } from '../../e2e/attacker/attacks.mjs';
import { loadExample } from '../../apps/cli/dist/federation/example.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/optdigits', import.meta.url));
const DIGITS = 10;
/** No site may do without: fewer train rows than a batch are a site that hardly counts. */
const LEAST = { train: 16, test: 1 };

/** @typedef {{ digit: number, set: 'train' | 'test', line: string }} Row */

/** @param {string} line @returns {Row} of a CSV of the example */
function rowOf(line) {
  const [digit, set] = line.split(',').slice(-2);
  return { digit: Number(digit), set: set === 'train' ? 'train' : 'test', line };
}

/** Copies the example to `folder`, sites and all. @param {string} folder */
export async function copyDigits(folder) {
  await mkdir(folder, { recursive: true });
  for (const part of ['run.yaml', 'sites']) {
    await cp(join(EXAMPLE, part), join(folder, part), { recursive: true });
  }
}

/** Shares of the sites in the rows of one digit: Dirichlet(.5), from gammas of shape ½. @param {string} seed @param {number} sites */
function shares(seed, sites) {
  const gammas = [...gaussian(seed, sites)].map((z) => (z * z) / 2);
  const sum = gammas.reduce((a, b) => a + b, 0);
  return gammas.map((gamma) => gamma / sum);
}

/** @param {readonly Row[]} rows @param {string} seed @param {number} sites @returns {Row[][]} by site */
function dealt(rows, seed, sites) {
  /** @type {Row[][]} */
  const bySite = Array.from({ length: sites }, () => []);
  for (let digit = 0; digit < DIGITS; digit++) {
    const share = shares(`dirichlet ${seed} ${digit}`, sites);
    for (const set of ['train', 'test']) {
      const ofDigit = rows.filter((row) => row.digit === digit && row.set === set);
      let until = 0;
      let at = 0;
      for (const [site, part] of share.entries()) {
        until += part * ofDigit.length;
        const end = site === sites - 1 ? ofDigit.length : Math.round(until);
        bySite[site]?.push(...ofDigit.slice(at, end));
        at = Math.max(at, end);
      }
    }
  }
  return bySite;
}

/** @param {readonly Row[]} rows */
const isEnough = (rows) =>
  rows.filter(({ set }) => set === 'train').length >= LEAST.train &&
  rows.filter(({ set }) => set === 'test').length >= LEAST.test;

/**
 * Deals the rows of the copy in `folder` anew: of each digit a site has a share drawn from Dirichlet(.5), the same of train
 * and test rows. The first draw of the seed that leaves no site empty counts.
 * @param {string} folder @param {number} seed
 */
export async function dealUnevenly(folder, seed) {
  const { sites } = await loadExample(folder);
  let head = '';
  /** @type {Row[]} */
  const rows = [];
  for (const { datasetPath } of sites) {
    const [first = '', ...lines] = (await readFile(datasetPath, 'utf8')).trimEnd().split('\n');
    head = first;
    rows.push(...lines.map(rowOf));
  }
  let draw = 0;
  let bySite = dealt(rows, `${seed}/${draw}`, sites.length);
  while (!bySite.every(isEnough)) bySite = dealt(rows, `${seed}/${++draw}`, sites.length);
  for (const [i, { datasetPath }] of sites.entries()) {
    const lines = (bySite[i] ?? []).map(({ line }) => line);
    await writeFile(datasetPath, `${[head, ...lines].join('\n')}\n`);
  }
}

/**
 * Sites of the copy in `folder` no longer standardise their pixels: all of them see sixteenths, whatever digits they have.
 * @param {string} folder
 */
export async function leaveUnscaled(folder) {
  const { sites } = await loadExample(folder);
  for (const { datasetPath } of sites) {
    const [head = '', ...lines] = (await readFile(datasetPath, 'utf8')).trimEnd().split('\n');
    const sixteenths = lines.map((line) => {
      const cells = line.split(',');
      return [...cells.slice(0, -2).map((dots) => Number(dots) / 16), ...cells.slice(-2)].join(',');
    });
    await writeFile(datasetPath, `${[head, ...sixteenths].join('\n')}\n`);
  }
  const run = join(folder, 'run.yaml');
  const text = await readFile(run, 'utf8');
  await writeFile(run, text.replaceAll('scale: standard', 'scale: none'));
}
