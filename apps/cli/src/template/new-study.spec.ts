import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadExample } from '../federation/example.js';
import { simulate } from '../simulate/simulate.js';
import { inspectCsv } from './inspect-csv.js';
import { planStudy, type StudyChoice } from './plan-study.js';
import { writeStudy } from './write-study.js';

const { signal } = new AbortController();
const ROWS = Array.from(
  { length: 40 },
  (_, i) =>
    `${i + 1},${20 + ((i * 7) % 50)},${i % 3},"Dr. ""X"", ${i}",${i % 2},${(i * 0.37).toFixed(2)}`,
);
const HEAD = 'id,age,stage,doctor,ill,days';

describe('tally new csv', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-new-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function study(text: string | Uint8Array, choice: StudyChoice): Promise<string> {
    const file = join(folder, 'Patients 2024.csv');
    await writeFile(file, text);
    const plan = planStudy(await inspectCsv(file, signal), choice);
    const made = join(folder, 'made');
    await writeStudy({ folder: made, name: 'patients', file, plan }, signal);
    return made;
  }

  it.each([
    ['two classes', { label: 'ill' }, '"above":0'],
    ['several classes', { label: 'stage' }, '"classes":[0,1,2]'],
    ['an amount', { label: 'days' }, '"value":true'],
    [
      'named classes and features',
      { label: 'stage', features: ['age'], classes: [2, 1, 0] },
      '"classes":[2,1,0]',
    ],
  ] as const)('makes a folder that simulate plays: %s', async (_, choice, label) => {
    const made = await study([HEAD, ...ROWS, ''].join('\n'), choice);
    expect(await readFile(join(made, 'run.yaml'), 'utf8')).toContain(label);
    const { outcome, headers } = await simulate(await loadExample(made), {
      logger: new MemoryLogger(),
      signal,
      onRound: () => undefined,
    });
    expect(outcome.status).toBe('completed');
    expect(headers.filter(({ included }) => included === 1)).toHaveLength(10);
  });

  it('takes a byte order mark and CRLF, leaves text and counters out, and says so', async () => {
    const made = await study(`\uFEFF${[HEAD, ...ROWS].join('\r\n')}`, { label: 'ill' });
    const copy = await readFile(join(made, 'data.csv'), 'utf8');
    expect(copy.split('\n')[0]).toBe(`${HEAD},set`);
    expect(copy).not.toContain('\r');
    const readme = await readFile(join(made, 'README.md'), 'utf8');
    expect(readme).toContain('`id`: it counts rows');
    expect(readme).toContain('`doctor`: it holds text');
  });

  it('uses a split that is there', async () => {
    const rows = ROWS.map((row, i) => `${row},${i < 30 ? 'train' : 'test'}`);
    const made = await study([`${HEAD},part`, ...rows].join('\n'), { label: 'ill' });
    expect(await readFile(join(made, 'run.yaml'), 'utf8')).toContain('split: { column: "part" }');
  });

  it.each([
    ['no header', '1,2\n3,4\n', /no header line/],
    ['ragged rows', 'a,b\n1,2\n1\n', /line 3: 1 cells, but the header has 2/],
    ['NUL bytes', 'a,b\n1,\u0000\n', /NUL/],
    ['UTF-16', Buffer.from('a,b\n1,2\n', 'utf16le'), /NUL/],
    ['another encoding', Buffer.from([0x61, 0x0a, 0xe9, 0x0a]), /cannot read/],
    ['semicolons', 'a;b\n1;2\n', /semicolons: save it with commas/],
    ['tabs', 'a\tb\n1\t2\n', /tabs/],
    ['a million columns', `${'a,'.repeat(500_000)}b\n`, /more than 16384 columns/],
    ['a column without a name', 'a,,b\n1,2,3\n', /column 2 has no name/],
    ['a column twice', 'a,b,a\n1,2,3\n', /"a" twice/],
    ['a header alone', 'a,b\n', /no row below it/],
    ['nothing', '', /it is empty/],
    ['a quote that is not closed', 'a,b\n"1,2\n', /a quote is not closed/],
  ])('names %s in clear words and writes nothing', async (_, text, words) => {
    await expect(study(text, { label: 'b' })).rejects.toThrow(words);
    await expect(readFile(join(folder, 'made/run.yaml'))).rejects.toThrow('ENOENT');
  });

  it.each([
    ['a column that is not there', { label: 'outcome' }, /no column "outcome"; there are: id, age/],
    ['a label of text', { label: 'doctor' }, /must be numbers/],
    ['a feature of text', { label: 'ill', features: ['doctor'] }, /must be numbers/],
    ['the label as a feature', { label: 'ill', features: ['ill'] }, /never a feature/],
  ])('refuses %s', async (_, choice, words) => {
    await expect(study([HEAD, ...ROWS].join('\n'), choice)).rejects.toThrow(words);
  });

  it('writes into no folder that holds something', async () => {
    await writeFile(join(folder, 'made'), '');
    const text = [HEAD, ...ROWS].join('\n');
    await expect(study(text, { label: 'ill' })).rejects.toMatchObject({
      code: 'CONFIG_FOLDER_UNWRITABLE',
    });
  });

  it('takes a hostile column name as text', async () => {
    const name = '=" }\\n- x: *y';
    const rows = ROWS.map((row) => row.split(',').slice(0, 2).join(','));
    const text = [
      `ill,"${name.replaceAll('"', '""')}"`,
      ...rows.map((row, i) => `${i % 2},${row.split(',')[1]}`),
    ];
    const made = await study(text.join('\n'), { label: 'ill' });
    const { spec } = await loadExample(made);
    expect(spec.data.features.map(({ column }) => column)).toEqual([name]);
  });
});
