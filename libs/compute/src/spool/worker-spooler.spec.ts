import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsBlobStore } from '@tallystick/blobs';
import { ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkerFolderFactory } from '../worker-folder-factory.js';
import type { WorkerSpooledFile } from './worker-spooled-file.js';
import type { WorkerSpooler } from './worker-spooler.js';

const CHUNK = 4_096;
/** Two whole chunks and a short one. */
const CONTENT = Uint8Array.from({ length: 2 * CHUNK + 77 }, (_, i) => (i * 31) & 255);
const SMALL = CONTENT.subarray(0, 1_000);
const chunk = (at: number): Uint8Array => CONTENT.subarray(at, at + CHUNK);

describe.each([1, 2])('WorkerSpooler over %d workers', (workers) => {
  let home: string;
  let blobs: FsBlobStore;
  let factory: WorkerFolderFactory;
  let spooler: WorkerSpooler;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'tally-spool-'));
    blobs = new FsBlobStore({ folder: join(home, 'blobs') });
    const spool = { files: 3, chunkBytes: CHUNK, slots: 4, slotBytes: CHUNK + 64 };
    factory = new WorkerFolderFactory({ blobs, workers, spool });
    spooler = factory.spooler;
  });
  afterEach(async () => {
    await factory.close();
    await rm(home, { recursive: true, force: true });
  });

  const open = (content = CONTENT, name = 'file.part'): Promise<WorkerSpooledFile> =>
    spooler.open({ path: join(home, name), bytes: content.length });
  const send = async (file: WorkerSpooledFile, content = CONTENT): Promise<void> => {
    while (file.offset < content.length) {
      const piece = Uint8Array.from(content.subarray(file.offset, file.offset + CHUNK));
      await file.append(piece);
      piece.fill(99); // the buffer is the caller's again
    }
  };

  it.each([
    ['of several chunks', CONTENT],
    ['of whole chunks alone', CONTENT.subarray(0, 2 * CHUNK)],
    ['of one chunk', CONTENT.subarray(0, CHUNK)],
    ['smaller than a chunk', SMALL],
  ])('makes a file %s a blob', async (_, content) => {
    const file = await open(content);
    await send(file, content);
    const update = sha256(content);
    expect(await file.store(update)).toBe(update);
    await file.close();
    expect(await blobs.get(update)).toEqual(Uint8Array.from(content));
    expect(await readdir(home)).toEqual(['blobs']);
    expect(await spooler.isIntact(update)).toBe(true);
    await appendFile(blobs.path(update), 'x');
    expect(await spooler.isIntact(update)).toBe(false);
  });

  it.each([
    ['large', CONTENT],
    ['small', SMALL],
  ])('tells the hash of a %s file that is not what it was announced as', async (_, content) => {
    const file = await open(content);
    await send(file, content);
    expect(await file.store(ZERO_HASH)).toBe(sha256(content));
    await file.discard();
    expect(await blobs.has(ZERO_HASH)).toBe(false);
    expect(await readdir(home)).toEqual([]);
  });

  it('goes on at the next whole chunk after a kill in the middle of one', async () => {
    const first = await open();
    await first.append(chunk(0));
    await first.append(chunk(CHUNK).subarray(0, 100));
    await first.close();
    expect((await stat(join(home, 'file.part'))).size).toBe(CHUNK + 100);
    const second = await open();
    expect(second.offset).toBe(CHUNK);
    await send(second);
    expect(await second.store(sha256(CONTENT))).toBe(sha256(CONTENT));
  });

  it('finds a complete file complete, and cuts off what is too much', async () => {
    await writeFile(join(home, 'file.part'), CONTENT);
    await appendFile(join(home, 'file.part'), 'more');
    const file = await open();
    expect(file.offset).toBe(CONTENT.length);
    expect(await file.store(sha256(CONTENT))).toBe(sha256(CONTENT));
    await file.close();
    expect(await blobs.get(sha256(CONTENT))).toEqual(CONTENT);
  });

  it('begins a small file anew, whatever a kill left of it', async () => {
    const torn = await open(SMALL);
    await torn.append(SMALL.subarray(0, 500));
    await torn.close();
    expect((await stat(join(home, 'file.part'))).size).toBe(500);
    const file = await open(SMALL);
    expect(file.offset).toBe(0);
    await send(file, SMALL);
    expect(await file.store(sha256(SMALL))).toBe(sha256(SMALL));
    expect(new Uint8Array(await readFile(blobs.path(sha256(SMALL))))).toEqual(
      Uint8Array.from(SMALL),
    );
  });

  it('keeps files apart that come at the same time, and bounds them', async () => {
    const contents = [1, 2, 3].map((n) => CONTENT.map((byte) => byte ^ n));
    const files = await Promise.all(contents.map((bytes, i) => open(bytes, `${i}.part`)));
    await expect(open(CONTENT, 'one-more.part')).rejects.toMatchObject({
      code: 'INTERNAL_OVERFLOW',
    });
    await Promise.all(files.map((file, i) => send(file, contents[i])));
    const hashes = contents.map((bytes) => sha256(bytes));
    expect(await Promise.all(files.map((file, i) => file.store(hashes[i])))).toEqual(hashes);
    await Promise.all(files.map((file) => file.close()));
    await (await open(CONTENT, 'one-more.part')).discard();
  });

  it('lets nobody open a file before it is closed', async () => {
    const first = await open();
    const order: string[] = [];
    const second = open().then((file) => (order.push('opened'), file));
    await first.append(chunk(0));
    await first.close().then(() => order.push('closed'));
    expect((await second).offset).toBe(CHUNK);
    expect(order).toEqual(['closed', 'opened']);
  });

  /** Resolves when something may land. */
  const roomIn = async (file: WorkerSpooledFile): Promise<void> => {
    for (let place = file.land(); place !== undefined; place = file.land()) {
      if (!(place instanceof Promise)) return place.done();
      await place;
    }
  };
  /** Puts what `append` takes behind ten bytes of something else, as a frame's head is. */
  const landed = (file: WorkerSpooledFile, content: Uint8Array): Uint8Array => {
    const landing = file.land();
    if (landing === undefined || landing instanceof Promise) throw new Error('there is no room');
    landing.bytes.set(content, 10);
    const taken = file.append(landing.bytes.subarray(10, 10 + content.length));
    landing.done();
    expect(taken).toBeUndefined();
    return landing.bytes;
  };

  it.each([
    ['of several chunks', CONTENT],
    ['smaller than a chunk', SMALL],
  ])('takes the pieces of a file %s where they landed', async (_, content) => {
    const file = await open(content);
    for (let at = 0; at < content.length; at += CHUNK) {
      await roomIn(file);
      landed(file, content.subarray(at, at + CHUNK));
    }
    expect(file.land()).toBeUndefined();
    expect(await file.store(sha256(content))).toBe(sha256(content));
    await file.close();
    expect(await blobs.get(sha256(content))).toEqual(Uint8Array.from(content));
  });

  it('takes a landing back that was not used, and lets a closed file receive elsewhere', async () => {
    const file = await open();
    for (let i = 0; i < 5; i++) {
      const unused = file.land();
      if (unused === undefined || unused instanceof Promise) throw new Error('there is no room');
      unused.done();
    }
    const landing = file.land();
    if (landing === undefined || landing instanceof Promise) throw new Error('there is no room');
    landing.bytes.set(chunk(0));
    const { buffer } = landing.bytes;
    await file.close();
    expect(landing.bytes.buffer).not.toBe(buffer);
    expect(landing.bytes.subarray(0, CHUNK)).toEqual(Uint8Array.from(chunk(0)));
    landing.done();
    expect(file.land()).toBeUndefined();
    const next = await open();
    await send(next);
    expect(await next.store(sha256(CONTENT))).toBe(sha256(CONTENT));
    await next.close();
  });

  it('asks the sender to wait when the worker has two pieces, or all slots are taken', async () => {
    const file = await open();
    expect(file.append(chunk(0))).toBeUndefined();
    expect(file.append(chunk(CHUNK))).toBeUndefined();
    expect(file.land()).toBeInstanceOf(Promise);
    const full = file.append(CONTENT.subarray(2 * CHUNK));
    expect(full).toBeInstanceOf(Promise);
    await full;
    expect(await file.store(sha256(CONTENT))).toBe(sha256(CONTENT));
    await file.close();

    const files = await Promise.all([1, 2, 3].map((n) => open(CONTENT, `${n}.part`)));
    const [one, two, three] = files;
    if (one === undefined || two === undefined) throw new Error('not open');
    expect(three?.land()).not.toBeInstanceOf(Promise); // of four slots
    landed(one, chunk(0));
    landed(two, chunk(0));
    landed(one, chunk(CHUNK));
    const room = two.land();
    expect(room).toBeInstanceOf(Promise);
    await room;
    await roomIn(two);
    await Promise.all(files.map((each) => each.discard()));
  });

  it('tells that bytes did not reach the disk', async () => {
    const away = join(home, 'nowhere', 'file.part');
    await expect(spooler.open({ path: away, bytes: CONTENT.length })).rejects.toThrow('ENOENT');
    const small = await spooler.open({ path: away, bytes: SMALL.length });
    await small.append(SMALL);
    await expect(small.store(sha256(SMALL))).rejects.toThrow('ENOENT');
    await small.close();
    const files = await Promise.all([1, 2, 3].map((n) => open(CONTENT, `${n}.part`)));
    await Promise.all(files.map((file) => file.discard()));
  });
});
