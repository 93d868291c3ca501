import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asNodeId, asOrganisationId, asRunId, toHex } from '@tallystick/kernel';
import { MEMBER } from '@tallystick/record';
import type { Offer } from '@tallystick/rounds';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeSigner, TEST_CHAIN, TestCoordinator, testHash } from '../testing/index.js';
import { formatLine, type LineOf, type LogLine, parseLine } from './log-line.js';
import { ReceiptLog } from './receipt-log.js';

const coordinator = new TestCoordinator({ spec: testHash('spec'), model: testHash('model') });
const run = asRunId(0);

const identity: LineOf<'identity'> = {
  type: 'identity',
  chain: TEST_CHAIN,
  node: asNodeId(2),
  keyEpoch: 0,
  key: nodeSigner(2).key,
  coordinatorKey: coordinator.signer.key,
  organisation: asOrganisationId(5),
};

function taskLine(offer: Offer): LineOf<'task'> {
  const { task, wire } = offer.task;
  const cohort = offer.cohort.map((member) => toHex(MEMBER.encode(member)));
  return { type: 'task', run: task.run, round: task.round, wire, cohort };
}

function receiptLine(round: number, name = 'update'): LineOf<'receipt'> {
  return { type: 'receipt', run, round, wire: 'ab', update: testHash(name), updateBytes: 10 };
}

describe('ReceiptLog', () => {
  let folder = '';
  let path = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-log-'));
    path = join(folder, 'receipts.log');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function written(...lines: readonly LogLine[]): Promise<void> {
    const log = await ReceiptLog.open(path);
    await log.append(...lines);
    await log.close();
  }

  it('remembers after a restart', async () => {
    const bench = new TestCoordinator({ spec: testHash('spec'), model: testHash('model') });
    const offer = bench.offer();
    const result = bench.close(offer, []);
    const header: LogLine = { type: 'header', run, round: 0, wire: result.header.wire };
    await written(identity, taskLine(offer), receiptLine(0), header);
    const log = await ReceiptLog.open(path);
    expect(log.identity).toEqual(identity);
    expect(log.signedRound(run)).toBe(0);
    expect(log.history(run)?.head?.header).toEqual(result.header.header);
    const round = log.round(run, 0);
    expect(round?.task).toMatchObject({ hash: offer.taskHash, member: offer.cohort[2] });
    expect(round?.receipt).toEqual(receiptLine(0));
    expect(round?.header?.wire).toBe(result.header.wire);
    expect(log.droppedBytes).toBe(0);
    await log.close();
  });

  it('forbids a second receipt of a round, before and after a restart, and of any earlier round', async () => {
    const log = await ReceiptLog.open(path);
    await log.append(identity, receiptLine(3));
    const before = await readFile(path, 'utf8');
    await expect(log.append(receiptLine(3, 'other'))).rejects.toMatchObject({
      code: 'ROUND_ALREADY_SIGNED',
    });
    await log.close();
    const again = await ReceiptLog.open(path);
    await expect(again.append(receiptLine(3, 'other'))).rejects.toMatchObject({
      code: 'ROUND_ALREADY_SIGNED',
    });
    await expect(again.append(receiptLine(2))).rejects.toMatchObject({
      code: 'ROUND_ALREADY_SIGNED',
    });
    await again.append(receiptLine(4));
    await again.close();
    expect(await readFile(path, 'utf8')).toBe(before + formatLine(receiptLine(4)));
  });

  it('still forbids it when the round has left the bounded index', async () => {
    const log = await ReceiptLog.open(path, { durable: false });
    const lines = Array.from({ length: 1_100 }, (_, round) => receiptLine(round));
    await log.append(identity, ...lines);
    expect(log.round(run, 0)).toBeUndefined();
    expect(log.round(run, 1_099)).toBeDefined();
    await expect(log.append(receiptLine(0))).rejects.toMatchObject({
      code: 'ROUND_ALREADY_SIGNED',
    });
    await log.close();
  });

  it('loses a torn tail at any byte, and nothing else', async () => {
    await written(identity, receiptLine(0));
    const kept = (await readFile(path)).length;
    await written(receiptLine(1));
    const full = await readFile(path);
    for (let size = kept; size < full.length; size += 7) {
      await writeFile(path, full);
      await truncate(path, size);
      const log = await ReceiptLog.open(path);
      expect(log.signedRound(run)).toBe(0);
      expect(log.droppedBytes).toBe(size - kept);
      await log.append(receiptLine(1));
      await log.close();
      expect((await readFile(path)).equals(full)).toBe(true);
    }
  });

  it.each([
    ['text', 'hello\n', /line 3 cannot be read: it is not JSON/],
    ['an unknown kind', '{"type":"note"}\n', /line 3 cannot be read: type/],
    ['an unknown field', formatLine(receiptLine(1)).replace('{', '{"x":1,'), /line 3/],
    ['a second receipt', formatLine(receiptLine(0, 'other')), /line 3 .*already signed/],
    [
      'another node',
      formatLine({ ...identity, node: asNodeId(1) }),
      /line 3 .*node 2 cannot go on/,
    ],
  ])('refuses a file that holds %s', async (_what, line, expected) => {
    await written(identity, receiptLine(0));
    await appendFile(path, line);
    await expect(ReceiptLog.open(path)).rejects.toMatchObject({
      code: 'STORE_LOG_DAMAGED',
      message: expect.stringMatching(expected),
    });
    await expect(ReceiptLog.open(path)).rejects.toMatchObject({ code: 'STORE_LOG_DAMAGED' });
  });

  it('refuses a header that does not continue the chain', async () => {
    const bench = new TestCoordinator({ spec: testHash('spec'), model: testHash('model') });
    const first = bench.close(bench.offer(), []);
    bench.advance(first);
    const second = bench.close(bench.offer({ prev: testHash('elsewhere') }), []);
    const log = await ReceiptLog.open(path);
    await log.append(identity);
    const header = (round: number, wire: string): LogLine => ({ type: 'header', run, round, wire });
    await expect(
      log.append(header(0, first.header.wire), header(1, second.header.wire)),
    ).rejects.toThrow(/prev is/);
    expect(log.history(run)).toBeUndefined();
    await log.append(header(0, first.header.wire));
    await log.close();
  });

  it('has one writer at a time', async () => {
    const log = await ReceiptLog.open(path);
    await expect(ReceiptLog.open(path)).rejects.toMatchObject({
      code: 'CONFIG_LOCKED',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await log.close();
    await (await ReceiptLog.open(path)).close();
  });

  it.each([
    ['a dead process', '999999 12345\n'],
    ['a process that has our number but began earlier', `${process.pid} 1\n`],
    ['a torn lock file', ''],
  ])('takes over the lock of %s', async (_what, content) => {
    await writeFile(`${path}.lock`, content);
    const log = await ReceiptLog.open(path);
    await expect(ReceiptLog.open(path)).rejects.toMatchObject({ code: 'CONFIG_LOCKED' });
    await log.close();
  });

  it('writes concurrent appends one after another', async () => {
    const log = await ReceiptLog.open(path);
    await log.append(identity);
    await Promise.all([0, 1, 2, 3].map((round) => log.append(receiptLine(round))));
    await log.close();
    const text = [identity, ...[0, 1, 2, 3].map((round) => receiptLine(round))].map(formatLine);
    expect(await readFile(path, 'utf8')).toBe(text.join(''));
  });

  it('reads back every line it writes', () => {
    const inclusion = fc.record({
      type: fc.constant('inclusion' as const),
      run: fc.constant(run),
      round: fc.nat(),
      index: fc.nat(),
      weight: fc.bigInt(0n, (1n << 64n) - 1n),
      proof: fc.array(
        fc.record({ hash: fc.constant(testHash('x')), sum: fc.bigInt(0n, (1n << 64n) - 1n) }),
        { maxLength: 5 },
      ),
    });
    fc.assert(
      fc.property(inclusion, (line) => {
        expect(parseLine(formatLine(line).trimEnd())).toEqual({ ok: true, line });
      }),
    );
  });
});
