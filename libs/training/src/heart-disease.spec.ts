import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseRunSpec, type RunSpec } from '@tallystick/protocol';
import { featureWidth, modelTensors } from '@tallystick/rounds';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from './data/load-dataset.js';

const EXAMPLE = fileURLToPath(new URL('../../../examples/heart-disease/', import.meta.url));
const run = promisify(execFile);

async function runSpec(): Promise<RunSpec> {
  const parsed = parseRunSpec(await readFile(join(EXAMPLE, 'run.yaml'), 'utf8'));
  if (!parsed.ok) throw parsed.error;
  return parsed.spec;
}

function prepare(raw: string, output: string): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [join(EXAMPLE, 'prepare.mjs'), raw, output]);
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tally-heart-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('examples/heart-disease', () => {
  it.each([
    ['cleveland', 199, 104],
    ['hungarian', 172, 89],
    ['switzerland', 30, 16],
    ['va', 85, 45],
  ])('%s gives the published counts: %i train, %i test', async (site, train, test) => {
    const { data } = await runSpec();
    const dataset = await loadDataset(join(EXAMPLE, `${site}.csv`), data);
    expect([dataset.train.rows, dataset.test.rows]).toEqual([train, test]);
    expect(dataset.width).toBe(13);
    expect(dataset.train.x.every(Number.isFinite)).toBe(true);
    expect(dataset.test.x.every((value) => Math.abs(value) < 20)).toBe(true);
  });

  it('Switzerland: chol is 0 in every train row and stays 0', async () => {
    const { data } = await runSpec();
    const { train, width } = await loadDataset(join(EXAMPLE, 'switzerland.csv'), data);
    const chol = Array.from({ length: train.rows }, (_, row) => train.x[row * width + 6]);
    expect(chol.every((value) => value === 0)).toBe(true);
    expect(train.y.every((label) => label === 1)).toBe(true);
  });

  it('is a logistic regression with 14 parameters', async () => {
    const { data, model } = await runSpec();
    expect(featureWidth(data)).toBe(13);
    expect(modelTensors(model, 13)).toEqual([
      { name: 'dense0.kernel', shape: [13, 1] },
      { name: 'dense0.bias', shape: [1] },
    ]);
  });

  it('prepare writes exactly the committed files from the raw ones', async () => {
    await prepare(join(EXAMPLE, 'raw'), folder);
    for (const site of ['cleveland', 'hungarian', 'switzerland', 'va']) {
      const committed = await readFile(join(EXAMPLE, `${site}.csv`), 'utf8');
      expect(await readFile(join(folder, `${site}.csv`), 'utf8')).toBe(committed);
    }
  });

  it('prepare refuses raw data with one changed byte', async () => {
    const raw = join(folder, 'raw');
    await cp(join(EXAMPLE, 'raw'), raw, { recursive: true });
    const file = join(raw, 'processed.va.data');
    await writeFile(file, (await readFile(file, 'latin1')).replace('63,1,4,140', '63,1,4,141'));
    await expect(prepare(raw, folder)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('published is 4249d03ca7711e84f4444768c9426170'),
    });
  });
});
