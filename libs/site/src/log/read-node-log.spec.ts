import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asNodeId, asOrganisationId, asRunId, toHex, ZERO_HASH } from '@tallystick/kernel';
import { MEMBER, type Receipt, RECEIPT, signRecord } from '@tallystick/record';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeSigner, TEST_CHAIN, TestCoordinator, testHash } from '../testing/index.js';
import { formatLine, type LogLine } from './log-line.js';
import { readNodeLog } from './read-node-log.js';

/** The log of node 1 after one good round, as lines. */
function goodLines(): LogLine[] {
  const bench = new TestCoordinator({ spec: testHash('spec'), model: testHash('model') });
  const signer = nodeSigner(1);
  const run = asRunId(0);
  const offer = bench.offer();
  const receipt: Receipt = {
    chain: TEST_CHAIN,
    run,
    round: 0,
    prev: offer.task.task.prev,
    task: offer.taskHash,
    node: asNodeId(1),
    keyEpoch: 0,
    update: testHash('update'),
    updateBytes: 10n,
    numExamples: 172n,
    lossBefore: 5n,
    lossAfter: 4n,
    policy: ZERO_HASH,
    salt: '00'.repeat(16),
  };
  const { wire } = signRecord(RECEIPT, receipt, signer);
  const result = bench.close(offer, [wire], { node: asNodeId(1) });
  const at = { run, round: 0 };
  return [
    {
      type: 'identity',
      chain: TEST_CHAIN,
      node: asNodeId(1),
      keyEpoch: 0,
      key: signer.key,
      coordinatorKey: bench.signer.key,
      organisation: asOrganisationId(1),
    },
    {
      type: 'task',
      ...at,
      wire: offer.task.wire,
      cohort: offer.cohort.map((member) => toHex(MEMBER.encode(member))),
    },
    { type: 'receipt', ...at, wire, update: receipt.update, updateBytes: 10 },
    { type: 'promise', ...at, wire: bench.promise(wire) },
    { type: 'header', ...at, wire: result.header.wire },
    { type: 'inclusion', ...at, index: 0, weight: 172n, proof: [] },
  ];
}

describe('readNodeLog', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-anchor-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function read(text: string): ReturnType<typeof readNodeLog> {
    const path = join(folder, 'receipts.log');
    await writeFile(path, text);
    return readNodeLog(path);
  }

  it('E: gives genesis, keys and every record', async () => {
    const lines = goodLines();
    const log = await read(lines.map(formatLine).join(''));
    expect(log).toMatchObject({ genesis: TEST_CHAIN, node: 1, key: nodeSigner(1).key });
    expect(log.tasks.map(({ round, cohort }) => [round, cohort.length])).toEqual([[0, 4]]);
    expect(log.receipts[0]?.value.numExamples).toBe(172n);
    expect(log.promises[0]?.value.receipt).toBe(log.receipts[0]?.hash);
    expect(log.headers[0]?.value.task).toBe(log.tasks[0]?.hash);
    expect(log.inclusions).toHaveLength(1);
    expect(log.evidence).toEqual([]);
  });

  it('E: one turned digit of a signed record makes the file bad, and names the line', async () => {
    const texts = goodLines().map(formatLine);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.nat(), async (index, seed) => {
        const text = texts[index] ?? '';
        const start = text.indexOf('"wire":"') + 8;
        const at = start + (seed % (text.indexOf('"', start) - start));
        const digit = text[at] === '0' ? '1' : '0';
        const bent = [...texts];
        bent[index] = text.slice(0, at) + digit + text.slice(at + 1);
        await expect(read(bent.join(''))).rejects.toMatchObject({
          code: 'STORE_LOG_DAMAGED',
          meta: { line: index + 1 },
        });
      }),
      { numRuns: 60 },
    );
  });

  it('E: refuses swapped identities, foreign records, a cut tail and an empty file', async () => {
    const lines = goodLines();
    const [identity, ...rest] = lines;
    if (identity?.type !== 'identity') throw new Error('the first line is the identity');
    const texts = (bent: readonly LogLine[]): string => bent.map(formatLine).join('');
    const bad = (line: number): object => ({ code: 'STORE_LOG_DAMAGED', meta: { line } });
    const foreignKey = { ...identity, key: nodeSigner(2).key };
    await expect(read(texts([foreignKey, ...rest]))).rejects.toMatchObject(bad(3));
    const foreignCoordinator = { ...identity, coordinatorKey: nodeSigner(2).key };
    await expect(read(texts([foreignCoordinator, ...rest]))).rejects.toMatchObject(bad(2));
    const foreignChain = { ...identity, chain: testHash('another chain') };
    await expect(read(texts([foreignChain, ...rest]))).rejects.toMatchObject(bad(2));
    const foreignNode = { ...identity, node: asNodeId(3) };
    await expect(read(texts([foreignNode, ...rest]))).rejects.toMatchObject(bad(3));
    const elsewhere = lines.map((line) => ('run' in line ? { ...line, run: asRunId(1) } : line));
    await expect(read(texts(elsewhere))).rejects.toMatchObject(bad(2));
    await expect(read(texts(lines).slice(0, -1))).rejects.toMatchObject(bad(6));
    await expect(read(texts(rest))).rejects.toMatchObject(bad(1));
    await expect(read('')).rejects.toMatchObject(bad(1));
  });

  it('says which file cannot be read', async () => {
    await expect(readNodeLog(join(folder, 'none.log'))).rejects.toMatchObject({
      code: 'DATA_FILE_UNREADABLE',
    });
  });
});
