import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Hash, ZERO_HASH } from '@tallystick/kernel';
import { ed25519, sha256 } from '@tallystick/kernel/node';
import {
  decodeSigned,
  EXCLUDE,
  type Exclude,
  ExclusionReason,
  type Header,
  HEADER,
  plainLeaf,
  plainRoot,
  RECEIPT,
  receiptHash,
  recordHash,
  signRecord,
} from '@tallystick/record';
import type { Offer, RoundResult } from '@tallystick/rounds';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkEvidence } from '../evidence/check-evidence.js';
import { type EvidenceFile, parseEvidence } from '../evidence/evidence-file.js';
import { explainEvidence } from '../evidence/explain-evidence.js';
import { filingOf } from '../evidence/filing.js';
import { leafOf, nodeSigner, SiteBench, testHash } from '../testing/index.js';

let bench: SiteBench;
let offer: Offer;
let receipt: string;
beforeEach(async () => {
  bench = await SiteBench.start();
  offer = bench.coordinator.offer();
  receipt = (await bench.update(offer)).receipt;
});
afterEach(() => bench.close());

/** The files in `<site>/evidence`, read back. */
async function evidence(): Promise<readonly EvidenceFile[]> {
  const folder = join(bench.folder, 'evidence');
  const names = await readdir(folder).catch(() => []);
  return Promise.all(
    names.map(async (name) => {
      const file = parseEvidence(await readFile(join(folder, name), 'utf8'), name);
      checkEvidence(ed25519, file, name);
      expect(explainEvidence(file).join(' ')).toContain(`coordinator key ${file.coordinatorKey}`);
      return file;
    }),
  );
}

function otherReceipt(node: 0 | 2): string {
  const { value } = decodeSigned(RECEIPT, receipt);
  const member = bench.coordinator.cohort[node];
  if (member === undefined) throw new Error('no such member');
  return signRecord(RECEIPT, { ...value, node: member.node }, nodeSigner(node)).wire;
}

function hashOf(wire: string): Hash {
  const { value, signature } = decodeSigned(RECEIPT, wire);
  return receiptHash(sha256, value, signature);
}

async function promised(): Promise<void> {
  const promise = bench.coordinator.promise(receipt);
  await bench.agent.promised(bench.coordinator.run, 0, promise);
}

/** Closes over `receipts`; everyone else is excluded as `reasonOf` says, silently when it says nothing. */
function close(
  receipts: readonly string[],
  reasonOf: (node: number) => Partial<Exclude> = () => ({}),
  changes: Partial<Header> = {},
): RoundResult {
  const leaves = receipts.map(leafOf);
  const counted = new Set(leaves.map(({ node }) => node));
  const excluded = bench.coordinator.cohort
    .filter(({ node }) => !counted.has(node))
    .map(({ node }) => ({
      node,
      receipt: ZERO_HASH,
      reason: ExclusionReason.silent,
      ...reasonOf(node),
    }));
  bench.source.leavesHeld = leaves;
  bench.source.excludedHeld = excluded;
  const excludedRoot = plainRoot(
    sha256,
    excluded.map((exclude) => plainLeaf(sha256, EXCLUDE, exclude)),
  );
  return bench.finish(offer, receipts, { excludedRoot, ...changes });
}

function conclude(result: RoundResult): ReturnType<SiteBench['agent']['concluded']> {
  return bench.agent.concluded(result, bench.signal);
}

/** What this site's exclusion says; other nodes keep their silence. */
const mine =
  (exclude: Partial<Exclude>) =>
  (node: number): Partial<Exclude> =>
    node === 1 ? exclude : {};

describe('an honest round', () => {
  it.each<[string, () => Promise<RoundResult>]>([
    [
      'counts this site, as promised',
      async () => {
        await promised();
        return close([otherReceipt(0), receipt, otherReceipt(2)]);
      },
    ],
    ['counts this site, whose promise got lost', async () => close([receipt])],
    [
      'counts this site, whose proof got lost',
      async () => {
        await promised();
        return { header: close([receipt, otherReceipt(2)]).header };
      },
    ],
    ['came too soon for this site', async () => close([otherReceipt(0)])],
    [
      'closed while the receipt was on its way',
      async () => close([otherReceipt(0)], mine({ receipt: hashOf(receipt), reason: 3 })),
    ],
    [
      'is empty, and says so to whom it had promised',
      async () => {
        await promised();
        const because = { receipt: hashOf(receipt), reason: ExclusionReason.quorum };
        return close([], mine(because), { modelAfter: offer.task.task.model });
      },
    ],
  ])('%s: nothing is kept', async (_what, play) => {
    expect(await conclude(await play())).toHaveProperty('model');
    expect(await evidence()).toEqual([]);
    expect(await bench.evidence()).toEqual([]);
  });
});

describe('a lying coordinator', () => {
  it('omits a promised receipt: the neighbours show the gap, and the promise is demanded', async () => {
    await promised();
    const result = close([otherReceipt(0), otherReceipt(2)]);
    expect(await conclude(result)).toMatchObject({ code: 'ROUND_PROMISE_BROKEN' });
    const [file, ...more] = await evidence();
    expect(more).toEqual([]);
    expect(file).toMatchObject({ kind: 'omitted', run: 0, round: 0, node: 1 });
    expect(file.leaves.map(({ index }) => index)).toEqual([0, 1]);
    expect(file.exclusion).toMatchObject({ index: 0 });
    expect(file.records).toMatchObject({ receipt, header: result.header.wire });
    const bytes = `01${file.records.promise ?? 'none'}`;
    expect(filingOf(file)).toEqual({ call: 'demand', run: 0, round: 0, bytes, isProved: true });
  });

  it('omits it in an empty round, with a reason that the promise excludes', async () => {
    await promised();
    const result = close([], () => ({}), { modelAfter: offer.task.task.model });
    expect(await conclude(result)).toMatchObject({ code: 'ROUND_PROMISE_BROKEN' });
    expect(await evidence()).toMatchObject([{ kind: 'omitted', leaves: [] }]);
  });

  it('omits it and shows nothing: a demand, not proved here', async () => {
    await promised();
    const result = close([otherReceipt(0)]);
    bench.source.leavesHeld = undefined;
    await conclude(result);
    const [file] = await evidence();
    expect(filingOf(file)).toMatchObject({ call: 'demand', isProved: false });
    expect(file.unchecked.join()).toContain('the coordinator did not show it');
  });

  it.each([true, false])(
    'counts another receipt of this node (promised: %s)',
    async (isPromised) => {
      if (isPromised) await promised();
      const { value } = decodeSigned(RECEIPT, receipt);
      const swapped = signRecord(RECEIPT, { ...value, numExamples: 1n }, nodeSigner(1)).wire;
      const { header } = close([otherReceipt(0), swapped]);
      expect(await conclude({ header })).toHaveProperty('code');
      const [file] = await evidence();
      expect(file).toMatchObject({ kind: 'substituted', leaves: [{ index: 1 }] });
      expect(filingOf(file)?.bytes).toMatch(isPromised ? /^01/ : /^0001000000$/);
    },
  );

  it('counts it with another weight: the leaf is demanded', async () => {
    await promised();
    const leaf = { ...leafOf(receipt), weight: 5n };
    const result = bench.coordinator.closeOver(offer, [leafOf(otherReceipt(0)), leaf], {
      node: leaf.node,
    });
    expect(await conclude(result)).toMatchObject({ code: 'ROUND_INCLUSION_INVALID' });
    const [file] = await evidence();
    expect(file).toMatchObject({ kind: 'weight', leaves: [{ index: 1 }] });
    expect(file.member).toBeDefined();
    expect(filingOf(file)).toEqual({
      call: 'demand',
      run: 0,
      round: 0,
      bytes: '0001000000',
      isProved: true,
    });
  });

  it('signs two headers of a round', async () => {
    const good = close([receipt]);
    await conclude(good);
    const changes = { modelAfter: testHash('another') };
    const other = bench.coordinator.close(offer, [receipt], { changes });
    expect(await conclude(other)).toMatchObject({ code: 'ROUND_HEADER_DIFFERS' });
    const [file] = await evidence();
    const bytes = `02${good.header.wire}${other.header.wire}`;
    expect(file).toMatchObject({ kind: 'equivocation' });
    expect(filingOf(file)).toEqual({ call: 'dispute', bytes, isProved: true });
  });

  it('signs two tasks of a round', async () => {
    const other = bench.coordinator.offer({ deadlineMs: 5n });
    expect((await bench.decline(other)).code).toBe('ROUND_ALREADY_SIGNED');
    const [file] = await evidence();
    const bytes = `04${offer.task.wire}${other.task.wire}`;
    expect(filingOf(file)).toEqual({ call: 'dispute', bytes, isProved: true });
  });

  it('closes a round over another task', async () => {
    const result = close([receipt], () => ({}), { task: testHash('another task') });
    await conclude(result);
    const [file] = await evidence();
    const bytes = `05${offer.task.wire}`;
    expect(filingOf(file)).toEqual({ call: 'dispute', bytes, isProved: true });
  });

  it.each<[string, () => Partial<Exclude>, RegExp]>([
    ['a decline that was never signed', () => ({ reason: 2 }), /no decline/],
    ['silence, naming the receipt', () => ({ receipt: hashOf(receipt), reason: 1 }), /silent/],
    ['a bad signature', () => ({ receipt: hashOf(receipt), reason: 6 }), /is signed by the key/],
    ['a round below its minimum', () => ({ receipt: hashOf(receipt), reason: 9 }), /counts 1/],
    ['work under way', () => ({ reason: 10 }), /not asynchronous/],
  ])('excludes this site for %s', async (_what, exclude, reason) => {
    const result = close([otherReceipt(0)], mine(exclude()));
    expect(await conclude(result)).toMatchObject({ code: 'ROUND_EXCLUSION_FALSE' });
    const [file] = await evidence();
    expect(file).toMatchObject({ kind: 'excluded', exclusion: { index: 0 } });
    expect(file.detail).toMatch(reason);
    expect(filingOf(file)).toBeUndefined();
  });

  it('neither promises nor refuses', async () => {
    bench.agent.unanswered(bench.coordinator.run, 0);
    expect(await conclude(close([otherReceipt(0)]))).toMatchObject({
      code: 'ROUND_PROMISE_WITHHELD',
    });
    expect(await evidence()).toMatchObject([{ kind: 'withheld' }]);
  });

  it('is not accused of silence when the update counts all the same', async () => {
    bench.agent.unanswered(bench.coordinator.run, 0);
    expect(await conclude(close([receipt]))).toHaveProperty('model');
    expect(await evidence()).toEqual([]);
  });

  it('shows a header that is not the one on the chain', async () => {
    const anchored = testHash('another header');
    (await bench.joinChain()).set(0, { header: anchored, status: 'committed' });
    const result = close([receipt]);
    await conclude(result);
    await bench.agent.idle();
    const [file] = await evidence();
    expect(file).toMatchObject({ kind: 'anchor', anchored, unchecked: [] });
    const bytes = `03${result.header.wire}`;
    expect(filingOf(file)).toEqual({ call: 'dispute', bytes, isProved: true });
  });

  it('waits for the chain, goes on where it stopped and accuses nobody of the right header', async () => {
    const chain = await bench.joinChain();
    chain.set(7, { header: ZERO_HASH, status: 'committed' });
    const first = close([receipt]);
    await conclude(first);
    await bench.agent.idle();
    const { header: held } = first.header;
    chain.set(0, { header: recordHash(sha256, HEADER, held), status: 'committed' });
    offer = bench.coordinator.offer();
    const second = close([]);
    chain.set(1, { header: testHash('another'), status: 'committed' });
    await conclude(second);
    await bench.agent.idle();
    expect(await evidence()).toMatchObject([{ kind: 'anchor', round: 1 }]);
  });

  it('says what it could not check', async () => {
    await promised();
    await conclude(close([otherReceipt(0)]));
    const [file] = await evidence();
    expect(file.unchecked).toEqual([expect.stringContaining('node.yaml names no chain')]);
  });
});

describe('policy.onFault', () => {
  async function caught(onFault: string): Promise<void> {
    await bench.close();
    const yaml = (text: string): string =>
      text.replace('minCohort', `onFault: ${onFault}, minCohort`);
    bench = await SiteBench.start({ yaml });
    offer = bench.coordinator.offer();
    receipt = (await bench.update(offer)).receipt;
    await promised();
    await conclude(close([otherReceipt(0)]));
  }

  it('record: goes on', async () => {
    await caught('record');
    expect((await bench.update()).kind).toBe('update');
  });

  it('stop: declines every later task of the run, also after a restart', async () => {
    await caught('stop');
    expect((await bench.decline()).code).toBe('POLICY_STOPPED');
    await bench.restart();
    expect((await bench.decline()).code).toBe('POLICY_STOPPED');
  });

  it('dispute: hands the file on', async () => {
    await caught('dispute');
    expect(bench.kept).toMatchObject([{ kind: 'omitted' }]);
  });
});
