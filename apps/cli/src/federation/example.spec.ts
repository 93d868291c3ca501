import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadExample } from './example.js';

const HEART = fileURLToPath(new URL('../../../../examples/heart-disease', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tally-example-'));
  await cp(HEART, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('loadExample', () => {
  it('finds sites by name, whether given the folder or its run.yaml', async () => {
    const byFolder = await loadExample(folder);
    const byFile = await loadExample(join(folder, 'run.yaml'));
    expect(byFile).toEqual(byFolder);
    expect(byFolder.sites.map(({ name }) => name)).toEqual([
      'cleveland',
      'hungarian',
      'switzerland',
      'va',
    ]);
  });

  it('another seed changes the spec’s hash and nothing else', async () => {
    const [one, two] = [await loadExample(folder), await loadExample(folder, 7)];
    expect(two.spec).toEqual({ ...one.spec, seed: 7 });
    expect(two.specHash).not.toBe(one.specHash);
  });

  it('H: lists every fault of run.yaml with line and column', async () => {
    const file = join(folder, 'run.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      text.replace('rounds: 15', 'rounds: many').replace('steps: 100', 'stepz: 100'),
    );
    const error: unknown = await loadExample(folder).catch((e: unknown) => e);
    const lineOf = (word: string): number =>
      1 +
      text
        .replace('rounds: 15', 'rounds: many')
        .split('\n')
        .findIndex((line) => line.startsWith(word));
    expect(error).toMatchObject({ code: 'CONFIG_RUN_SPEC_INVALID' });
    expect(String(error)).toContain(`${lineOf('rounds')}:`);
    expect(String(error)).toContain('stepz');
    expect(String(error)).toContain('did you mean steps?');
  });
});
