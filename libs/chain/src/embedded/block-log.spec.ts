import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asHash, isTallyError, ZERO_HASH } from '@tallystick/kernel';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BlockLog } from './block-log.js';
import type { LogRecord } from './log-record.js';

function record(number: number): LogRecord {
  const header = {
    parentHash: ZERO_HASH,
    number,
    stateRoot: ZERO_HASH,
    extrinsicsRoot: ZERO_HASH,
    digest: [Uint8Array.of(8)],
  };
  const extrinsics = [Uint8Array.of(4, number)];
  return {
    block: { header, extrinsics },
    changes: [
      ['gone', undefined],
      ['key', Uint8Array.of(number)],
    ],
  };
}

describe('block log', () => {
  const genesis = asHash('ab'.repeat(32));
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tally-log-'));
    path = join(folder, 'blocks.log');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Opens, replays and closes; the numbers of the blocks found. */
  function replayed(): number[] {
    const log = BlockLog.open(path, genesis);
    try {
      return [...log.replay()].map(({ block }) => block.header.number);
    } finally {
      log.close();
    }
  }

  function write(count: number): void {
    const log = BlockLog.open(path, genesis);
    for (let number = 1; number <= count; number++) log.append(record(number));
    log.close();
  }

  test('gives back what was appended, in order and by number', () => {
    write(3);
    const log = BlockLog.open(path, genesis);
    expect([...log.replay()]).toEqual([1, 2, 3].map(record));
    expect(log.length).toBe(3);
    expect(log.read(2)).toEqual(record(2).block);
    expect([0, 4, -1, 1.5].map((n) => log.read(n))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    log.append(record(4));
    expect(log.read(4)?.header.number).toBe(4);
    log.close();
    expect(replayed()).toEqual([1, 2, 3, 4]);
  });

  test('a kill at any byte of the last write loses that block alone, and the next one fits', () => {
    write(2);
    const twoBlocks = statSync(path).size;
    write(0);
    const log = BlockLog.open(path, genesis);
    expect([...log.replay()]).toHaveLength(2);
    log.append(record(3));
    log.close();
    const whole = readFileSync(path);
    for (let size = twoBlocks; size < whole.length; size++) {
      writeFileSync(path, whole.subarray(0, size));
      expect(replayed()).toEqual([1, 2]);
      expect(statSync(path).size).toBe(twoBlocks);
    }
    const again = BlockLog.open(path, genesis);
    expect([...again.replay()]).toHaveLength(2);
    again.append(record(3));
    again.close();
    expect(readFileSync(path)).toEqual(whole);
  });

  test('so does a power cut that left zeros, or the right length with wrong bytes, at the end', () => {
    write(2);
    const { size } = statSync(path);
    appendFileSync(path, new Uint8Array(5000));
    expect(replayed()).toEqual([1, 2]);
    expect(statSync(path).size).toBe(size);
    const whole = readFileSync(path);
    whole[whole.length - 1] = 0xff;
    writeFileSync(path, whole);
    expect(replayed()).toEqual([1]);
  });

  test('a kill while the file is made leaves a log that starts anew', () => {
    write(0);
    const header = readFileSync(path);
    for (let size = 0; size < header.length; size++) {
      writeFileSync(path, header.subarray(0, size));
      expect(replayed()).toEqual([]);
      expect(readFileSync(path)).toEqual(header);
    }
  });

  test('mutants: any changed byte before the last record is damage, refused and left as it is', () => {
    write(2);
    const intact = readFileSync(path);
    const lastRecord = statSync(path).size;
    write(0);
    const log = BlockLog.open(path, genesis);
    expect([...log.replay()]).toHaveLength(2);
    log.append(record(3));
    log.close();
    const whole = readFileSync(path);
    for (let at = intact.length - 1; at >= 40; at -= 7) {
      const damaged = Buffer.from(whole);
      damaged[at] ^= 0x10;
      writeFileSync(path, damaged);
      let error: unknown;
      try {
        replayed();
      } catch (caught) {
        error = caught;
      }
      expect(isTallyError(error, 'LEDGER_BLOCK_INVALID'), `byte ${at}`).toBe(true);
      expect(readFileSync(path)).toEqual(damaged);
    }
    expect(lastRecord).toBe(intact.length);
  });

  test('a log of another chain is refused', () => {
    write(1);
    let error: unknown;
    try {
      BlockLog.open(path, asHash('cd'.repeat(32)));
    } catch (caught) {
      error = caught;
    }
    expect(isTallyError(error, 'LEDGER_WRONG_CHAIN') && error.message).toContain(genesis);
  });
});
