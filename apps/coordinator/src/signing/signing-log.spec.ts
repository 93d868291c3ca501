import { statSync, writeSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asHash, asNodeId, asRunId } from '@tallystick/kernel';
import { generateKey, sha256 } from '@tallystick/kernel/node';
import { PROMISE, signRecord, TASK, type Task } from '@tallystick/record';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LoggedSigner } from './logged-signer.js';
import { SigningLog } from './signing-log.js';
import { RECORD_BYTES, type SigningRecord } from './signing-record.js';

const hash = (n: number) => asHash(n.toString(16).padStart(64, '0'));
const recordOf = (round: number, changes: Partial<SigningRecord> = {}): SigningRecord => ({
  kind: 'header',
  chain: hash(1),
  run: asRunId(3),
  round,
  hash: hash(100 + round),
  ...changes,
});

let folder = '';
let path = '';
let log: SigningLog;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tally-signing-'));
  path = join(folder, 'signing.log');
  log = await SigningLog.open({ path }, sha256);
});
afterEach(async () => {
  log.close();
  await rm(folder, { recursive: true });
});

async function reopen(): Promise<void> {
  log.close();
  log = await SigningLog.open({ path }, sha256);
}

const bytes = async (): Promise<number> => (await stat(path)).size;

describe('SigningLog', () => {
  it('lets the same be signed again, and nothing else of that round, also after a restart', async () => {
    for (let round = 0; round < 5; round++) log.claim(recordOf(round));
    await reopen();
    for (let round = 0; round < 5; round++) log.claim(recordOf(round));
    expect(await bytes()).toBe(5 * RECORD_BYTES);
    for (const round of [0, 4]) {
      expect(() => log.claim(recordOf(round, { hash: hash(9) }))).toThrow(/signed another header/);
    }
    log.claim(recordOf(5));
    expect(await bytes()).toBe(6 * RECORD_BYTES);
  });

  it('tells kinds, runs and chains apart', async () => {
    log.claim(recordOf(0));
    log.claim(recordOf(0, { kind: 'task', hash: hash(7) }));
    log.claim(recordOf(0, { run: asRunId(4), hash: hash(7) }));
    log.claim(recordOf(0, { chain: hash(2), hash: hash(7) }));
    expect(await bytes()).toBe(4 * RECORD_BYTES);
  });

  it('takes an older round that it never saw, as after a time on another machine', () => {
    log.claim(recordOf(9));
    log.claim(recordOf(2));
    expect(() => log.claim(recordOf(2, { hash: hash(9) }))).toThrow(/signed another/);
  });

  it('finds what it no longer remembers', () => {
    const rounds = 70_000;
    for (let round = 0; round < rounds; round += 1) {
      if (round % 35_000 === 0) log.claim(recordOf(round));
    }
    log.claim(recordOf(rounds));
    expect(() => log.claim(recordOf(35_000, { hash: hash(9) }))).toThrow(/signed another/);
  });

  it('cuts a torn last record off at any byte: it was never signed', async () => {
    log.claim(recordOf(0));
    log.claim(recordOf(1));
    const whole = await readFile(path);
    for (let size = RECORD_BYTES + 1; size < 2 * RECORD_BYTES; size++) {
      log.close();
      await writeFile(path, whole.subarray(0, size));
      log = await SigningLog.open({ path }, sha256);
      expect(await bytes()).toBe(RECORD_BYTES);
    }
    log.claim(recordOf(1, { hash: hash(9) }));
    expect(() => log.claim(recordOf(0, { hash: hash(9) }))).toThrow(/signed another/);
  });

  it('cuts off a last record of zeros, as a file system leaves it', async () => {
    log.claim(recordOf(0));
    await appendFile(path, new Uint8Array(RECORD_BYTES));
    await reopen();
    expect(await bytes()).toBe(RECORD_BYTES);
  });

  it('refuses to start over any other damage', async () => {
    for (let round = 0; round < 3; round++) log.claim(recordOf(round));
    const whole = await readFile(path);
    whole[RECORD_BYTES + 20] = (whole[RECORD_BYTES + 20] ?? 0) ^ 1;
    await writeFile(path, whole);
    await expect(SigningLog.open({ path }, sha256)).rejects.toMatchObject({
      code: 'STORE_SIGNING_LOG',
    });
  });

  it('signs nothing any more once it could not be written', async () => {
    log.claim(recordOf(0));
    log.close();
    expect(() => log.claim(recordOf(1))).toThrow(/could not be written/);
    expect(() => log.claim(recordOf(2))).toThrow(/could not be written/);
    log = await SigningLog.open({ path }, sha256);
    log.claim(recordOf(1));
  });

  it('waits for a full disk to have space again, and loses nothing', async () => {
    log.close();
    let isFull = false;
    const write = ((file: number, bytes: Uint8Array): number => {
      if (!isFull) return writeSync(file, bytes);
      writeSync(file, bytes.subarray(0, 7)); // the last space there was
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    }) as typeof writeSync; // the only overload that is called
    log = await SigningLog.open({ path, write }, sha256);
    log.claim(recordOf(0));
    isFull = true;
    for (let i = 0; i < 2; i++) {
      expect(() => log.claim(recordOf(1))).toThrow(
        expect.objectContaining({ code: 'STORE_DISK_FULL' }),
      );
    }
    expect(await bytes()).toBe(RECORD_BYTES);
    isFull = false;
    log.claim(recordOf(1));
    await reopen();
    expect(await bytes()).toBe(2 * RECORD_BYTES);
    expect(() => log.claim({ ...recordOf(1), hash: hash(99) })).toThrow('signed another');
  });
});

describe('LoggedSigner', () => {
  const task: Task = {
    chain: hash(1),
    run: asRunId(0),
    round: 4,
    prev: hash(2),
    spec: hash(3),
    model: hash(4),
    state: hash(0),
    atBlock: 1,
    atHash: hash(5),
    cohortRoot: hash(6),
    cohort: 2,
    unit: 1n,
    deadlineMs: 7n,
  };

  it('signs a task once, the same again, and no other; a key without its log signs both', () => {
    const key = generateKey();
    const signer = new LoggedSigner(key, log, sha256);
    const other = { ...task, deadlineMs: 8n };
    const first = signRecord(TASK, task, signer);
    expect(signRecord(TASK, task, signer)).toEqual(first);
    expect(() => signRecord(TASK, other, signer)).toThrow(/signed another task/);
    expect(signRecord(TASK, other, key).wire).not.toBe(first.wire);
  });

  it('has the record on disk before the signature exists', async () => {
    const sizes: number[] = [];
    const key = generateKey();
    const seen = {
      key: key.key,
      sign: (message: Uint8Array) => {
        sizes.push(statOf());
        return key.sign(message);
      },
    };
    signRecord(TASK, task, new LoggedSigner(seen, log, sha256));
    expect(sizes).toEqual([RECORD_BYTES]);
  });

  it('lets promises pass', async () => {
    const signer = new LoggedSigner(generateKey(), log, sha256);
    const { chain, run, round } = task;
    const promise = { chain, run, round, node: asNodeId(0), receipt: hash(8), dueMs: 1n };
    signRecord(PROMISE, promise, signer);
    expect(await bytes()).toBe(0);
  });

  const statOf = (): number => statSync(path).size;
});
