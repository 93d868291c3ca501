import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { datasetShape } from './dataset-shape.js';

const signal = new AbortController().signal;

describe('datasetShape', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-shape-'));
    file = join(folder, 'heart.csv');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('counts rows and columns and shows no value', async () => {
    await writeFile(file, 'age,"line\nbreak",sex\n61,"a\nb",1\n45,c,0\n\n');
    const { changedAtMs: _, ...shape } = await datasetShape(file, signal);
    expect(shape).toMatchObject({
      rows: 2,
      columns: ['age', 'line\nbreak', 'sex'],
      columnCount: 3,
    });
    expect(JSON.stringify(shape)).not.toMatch(/61|45/);
  });

  it('shows at most 256 names', async () => {
    await writeFile(file, `${Array.from({ length: 300 }, (_, i) => `c${i}`).join(',')}\n`);
    const { columns, columnCount, rows } = await datasetShape(file, signal);
    expect([columns.length, columnCount, rows]).toEqual([256, 300, 0]);
  });

  it('H: says what is wrong with a file that is no CSV, or is not there', async () => {
    await writeFile(file, 'a,b\n"secret');
    const fault = await datasetShape(file, signal).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'DATA_CSV_MALFORMED' });
    expect(String(fault)).not.toContain('secret');
    await rm(file);
    await expect(datasetShape(file, signal)).rejects.toMatchObject({
      code: 'DATA_FILE_UNREADABLE',
    });
  });
});
