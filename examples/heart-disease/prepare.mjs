#!/usr/bin/env node
// Turns the four UCI files into one CSV per hospital. Usage: node prepare.mjs [RAW_FOLDER [OUTPUT_FOLDER]]
//
// RAW_FOLDER holds processed.{cleveland,hungarian,switzerland,va}.data as UCI publishes them (default: raw/ beside
// this script). Every file is checked against its published MD5 first, so what comes out is the real data or nothing.
// split.csv says which patients the FLamby benchmark trains on and tests on; it leaves out those with a missing
// value in the first nine attributes or oldpeak, and here they keep an empty `set`.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HERE = import.meta.dirname;

/** MD5 as published with FLamby's download script, and the counts its split must give. */
const SITES = {
  cleveland: { md5: '2d91a8ff69cfd9616aa47b59d6f843db', rows: 303, train: 199, test: 104 },
  hungarian: { md5: '22e96bee155b5973568101c93b3705f6', rows: 294, train: 172, test: 89 },
  switzerland: { md5: '9a87f7577310b3917730d06ba9349e20', rows: 123, train: 30, test: 16 },
  va: { md5: '4249d03ca7711e84f4444768c9426170', rows: 200, train: 85, test: 45 },
};

const COLUMNS =
  'age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num'.split(',');

function fail(message) {
  console.error(`prepare: ${message}`);
  process.exit(1);
}

function read(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    return fail(`cannot read ${path}: ${error.message}`);
  }
}

/** `center,kept_index,source_line0,set,label` → center → line → set. */
function readSplit(path) {
  const split = new Map(Object.keys(SITES).map((site) => [site, new Map()]));
  for (const line of read(path).toString('utf8').trim().split('\n').slice(1)) {
    const [site, , source, set] = line.split(',');
    split.get(site)?.set(Number(source), set);
  }
  return split;
}

/** `63.0` and `63` are one value, `?` is a missing one. */
function cell(text, where) {
  if (text === '?') return '';
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) fail(`${where}: ${text} is not a number`);
  return String(value);
}

function siteCsv(site, raw, sets) {
  const path = join(raw, `processed.${site}.data`);
  const bytes = read(path);
  const md5 = createHash('md5').update(bytes).digest('hex');
  if (md5 !== SITES[site].md5) fail(`${path} has MD5 ${md5}, published is ${SITES[site].md5}`);
  const rows = bytes.toString('utf8').trim().split('\n');
  const counts = { rows: rows.length, train: 0, test: 0 };
  const lines = rows.map((row, at) => {
    const cells = row.split(',').map((text) => cell(text, `${path} line ${at + 1}`));
    if (cells.length !== COLUMNS.length) fail(`${path} line ${at + 1}: ${cells.length} values`);
    const set = sets.get(at) ?? '';
    if (set !== '') counts[set] += 1;
    return [...cells, set].join(',');
  });
  for (const [name, count] of Object.entries(counts)) {
    if (count !== SITES[site][name])
      fail(`${site}: ${count} ${name}, expected ${SITES[site][name]}`);
  }
  return { csv: [[...COLUMNS, 'set'].join(','), ...lines, ''].join('\n'), counts };
}

const [raw = join(HERE, 'raw'), output = HERE] = process.argv.slice(2);
const split = readSplit(join(HERE, 'split.csv'));
for (const [site, sets] of split) {
  const { csv, counts } = siteCsv(site, raw, sets);
  writeFileSync(join(output, `${site}.csv`), csv);
  console.log(`${site}.csv: ${counts.rows} patients, ${counts.train} train, ${counts.test} test`);
}
