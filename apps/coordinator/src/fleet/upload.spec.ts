import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asNodeId, asRunId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { LIMITS } from '@tallystick/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_CRASH } from '../crash-points.js';
import { InlineHashes } from '../testing/fakes.js';
import { sweepSpool } from './spool-folder.js';
import { spoolName, Upload, type UploadTarget } from './upload.js';

const { chunkBytes } = LIMITS;
/** Two whole chunks and a short one. */
const CONTENT = Uint8Array.from({ length: 2 * chunkBytes + 77 }, (_, i) => (i * 31) & 255);
const chunk = (at: number): Uint8Array => CONTENT.subarray(at, at + chunkBytes);

describe('Upload', () => {
  let folder: string;
  let hashes: InlineHashes;
  let target: UploadTarget;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-spool-'));
    hashes = new InlineHashes();
    const at = { run: asRunId(1), round: 2, node: asNodeId(3) };
    target = { ...at, update: sha256(CONTENT), bytes: CONTENT.length };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const open = (): Promise<Upload> => Upload.open(target, { folder, hashes, crash: NO_CRASH });

  it('spools chunks in order and knows the hash at the end', async () => {
    const upload = await open();
    for (let at = 0; at < CONTENT.length; at += chunkBytes) await upload.append(at, chunk(at));
    expect(upload.isComplete).toBe(true);
    expect(await upload.digest()).toBe(target.update);
    expect(sha256(await readFile(upload.path))).toBe(target.update);
    expect(hashes.open).toBe(0);
  });

  it.each([
    ['a chunk that was skipped', chunkBytes, (): Uint8Array => chunk(chunkBytes)],
    ['a short chunk in the middle', 0, (): Uint8Array => CONTENT.subarray(0, 10)],
    ['an empty chunk', 0, (): Uint8Array => new Uint8Array(0)],
  ])('refuses %s and keeps what it has', async (_, at, bytes) => {
    const upload = await open();
    await expect(upload.append(at, bytes())).rejects.toMatchObject({ code: 'PROTO_UNEXPECTED' });
    expect(upload.offset).toBe(0);
    await upload.append(0, chunk(0));
    await upload.close();
  });

  it('refuses bytes beyond the announced size', async () => {
    target = { ...target, bytes: 10 };
    const upload = await open();
    await expect(upload.append(0, CONTENT.subarray(0, 11))).rejects.toMatchObject({
      code: 'PROTO_UNEXPECTED',
    });
    await upload.close();
  });

  it('goes on at the next whole chunk after a kill in the middle of one', async () => {
    const first = await open();
    await first.append(0, chunk(0));
    await first.close();
    await appendFile(first.path, chunk(chunkBytes).subarray(0, 1000)); // torn by the kill
    const second = await open();
    expect(second.offset).toBe(chunkBytes);
    await second.append(chunkBytes, chunk(chunkBytes));
    await second.append(2 * chunkBytes, chunk(2 * chunkBytes));
    expect(await second.digest()).toBe(target.update);
  });

  it('finds a complete file complete', async () => {
    await writeFile(join(folder, spoolName(target)), CONTENT);
    const upload = await open();
    expect(upload.offset).toBe(CONTENT.length);
    expect(await upload.digest()).toBe(target.update);
  });

  it('does not give a hash before everything is there', async () => {
    const upload = await open();
    await expect(upload.digest()).rejects.toMatchObject({ code: 'PROTO_UNEXPECTED' });
    await upload.discard();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is swept once its round is over, and not before', async () => {
    const upload = await open();
    await upload.close();
    await writeFile(join(folder, 'stranger'), '');
    expect(await sweepSpool(folder, () => Promise.resolve(new Set(['1-2'])))).toBe(1);
    expect(await readdir(folder)).toEqual([spoolName(target)]);
    expect(await sweepSpool(folder, () => Promise.resolve(new Set(['1-3'])))).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });
});
