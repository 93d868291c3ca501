import { asNodeId, asRunId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { LIMITS } from '@tallystick/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { type CrashPoints, NO_CRASH } from '../crash-points.js';
import { MemorySpooler } from '../testing/memory-spooler.js';
import { spoolName, Upload, type UploadTarget } from './upload.js';

const { chunkBytes } = LIMITS;
/** Two whole chunks and a short one. */
const CONTENT = Uint8Array.from({ length: 2 * chunkBytes + 77 }, (_, i) => (i * 31) & 255);
const chunk = (at: number): Uint8Array => CONTENT.subarray(at, at + chunkBytes);
const update = sha256(CONTENT);

describe('Upload', () => {
  let spooler: MemorySpooler;
  let target: UploadTarget;
  beforeEach(() => {
    spooler = new MemorySpooler();
    const at = { run: asRunId(1), round: 2, node: asNodeId(3) };
    target = { ...at, update, bytes: CONTENT.length };
  });
  const open = (crash: CrashPoints = NO_CRASH): Promise<Upload> =>
    Upload.open(target, { folder: 'spool', spooler, crash });

  it('takes chunks in order and stores what they make', async () => {
    const upload = await open();
    for (let at = 0; at < CONTENT.length; at += chunkBytes) await upload.append(at, chunk(at));
    expect(await upload.store(update)).toBe(update);
    await upload.close();
    expect([...spooler.stored.keys()]).toEqual([update]);
    expect(spooler.opened).toBe(0);
    expect([...spooler.files.keys()]).toEqual([]);
  });

  it.each([
    ['a chunk that was skipped', chunkBytes, (): Uint8Array => chunk(chunkBytes)],
    ['a short chunk in the middle', 0, (): Uint8Array => CONTENT.subarray(0, 10)],
    ['an empty chunk', 0, (): Uint8Array => new Uint8Array(0)],
  ])('refuses %s and keeps what it has', async (_, at, bytes) => {
    const upload = await open();
    expect(() => upload.append(at, bytes())).toThrow(
      expect.objectContaining({ code: 'PROTO_UNEXPECTED' }),
    );
    expect(upload.offset).toBe(0);
    await upload.append(0, chunk(0));
    expect(upload.offset).toBe(chunkBytes);
  });

  it('refuses bytes beyond the announced size', async () => {
    target = { ...target, bytes: 10 };
    const upload = await open();
    const unexpected = expect.objectContaining({ code: 'PROTO_UNEXPECTED' });
    expect(() => upload.append(0, CONTENT.subarray(0, 11))).toThrow(unexpected);
    await upload.append(0, CONTENT.subarray(0, 10));
    expect(() => upload.append(10, new Uint8Array(0))).toThrow(unexpected);
    expect(() => upload.append(10, CONTENT.subarray(10, 11))).toThrow(unexpected);
  });

  it('does not store before everything is there', async () => {
    const upload = await open();
    await upload.append(0, chunk(0));
    await expect(upload.store(update)).rejects.toMatchObject({ code: 'PROTO_UNEXPECTED' });
    await upload.close();
    expect([...spooler.files.keys()]).toEqual([`spool/${spoolName(target)}`]);
    await (await open()).discard();
    expect([...spooler.files.keys()]).toEqual([]);
  });

  it('lets a test kill it between the two halves of a chunk', async () => {
    const hits: [string, number][] = [];
    const crash: CrashPoints = {
      isDue: (point, round) => point === 'chunk-half-spooled' && round === 2,
      hit: (point, round) => {
        hits.push([point, spooler.files.get(`spool/${spoolName(target)}`)?.length ?? 0]);
        expect(round).toBe(2);
      },
    };
    await (await open(crash)).append(0, chunk(0));
    expect(hits).toEqual([['chunk-half-spooled', chunkBytes / 2]]);
  });
});
