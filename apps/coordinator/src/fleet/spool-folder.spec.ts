import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asNodeId, asRunId, ZERO_HASH } from '@tallystick/kernel';
import { expect, it } from 'vitest';
import { sweepSpool } from './spool-folder.js';
import { spoolName } from './upload.js';

it('sweeps a half upload once its round is over, and not before', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tally-spool-'));
  try {
    const at = { run: asRunId(1), round: 2, node: asNodeId(3) };
    const name = spoolName({ ...at, update: ZERO_HASH, bytes: 5 });
    await writeFile(join(folder, name), 'half');
    await writeFile(join(folder, 'stranger'), '');
    expect(await sweepSpool(folder, () => Promise.resolve(new Set(['1-2'])))).toBe(1);
    expect(await readdir(folder)).toEqual([name]);
    expect(await sweepSpool(folder, () => Promise.resolve(new Set(['1-3'])))).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
