import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeState, encodeState, encodeUpdate, updateManifestOf } from '@tallystick/aggregation';
import { asNodeId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { decodeSigned, type Header, RECEIPT, signRecord } from '@tallystick/record';
import { localSeed, type Offer } from '@tallystick/rounds';
import { afterEach, describe, expect, it } from 'vitest';
import { leafOf, nodeSigner, SiteBench, testHash, testSpec } from '../testing/index.js';
import { decodeSiteState } from './site-state.js';

let bench: SiteBench;
afterEach(() => bench.close());

/** One site of a run that sends the two largest of its three changes, in i8. */
type Change = (yaml: string) => string;

async function lossy(change: Change = (yaml) => yaml, yaml?: Change): Promise<void> {
  bench = await SiteBench.start({
    ...(yaml && { yaml }),
    run: testSpec((yaml) =>
      change(yaml).replace('window:', 'numeric: { codec: i8, topPpm: 340000 }\nwindow:'),
    ),
  });
  bench.trainer.delta = 0.3;
}

/** Files of the states that are kept. */
async function states(): Promise<readonly string[]> {
  const names = await readdir(join(bench.folder, 'states')).catch(() => []);
  return names.toSorted((a, b) => a.localeCompare(b));
}

const statePath = (round: number): string => join(bench.folder, 'states', `0-${round}.state`);

async function stateAfter(round: number): Promise<Float32Array> {
  const { manifest } = bench.trainer.requests[0];
  const read = decodeSiteState(sha256, manifest, await readFile(statePath(round)));
  if (!read.ok) throw new Error(read.reason);
  return read.state;
}

/** The update that training number `request` gives when it starts from `residual`. */
function updateFrom(request: number, residual?: Float32Array): Uint8Array {
  const { manifest, weights, round = 0 } = bench.trainer.requests[request];
  const seed = localSeed(sha256, bench.run.id, round, asNodeId(1));
  const after = weights.map((weight) => weight + bench.trainer.delta);
  return encodeUpdate({
    ...{ sha256, manifest, before: weights, after, seed, residual },
    form: { codec: 'i8', topPpm: 340_000 },
  }).file;
}

type Outcome = 'counted' | 'refused' | 'untold';

/** Answers the current offer; the round then closes with this site's update, or without it. */
async function play(outcome: Outcome): Promise<Uint8Array> {
  const offer = bench.coordinator.offer();
  const answer = await bench.update(offer);
  const file = await readFile(answer.path);
  await close(offer, answer.receipt, outcome);
  return file;
}

/** Closes over two other sites and, unless it was refused, this one; `untold`: only the header ever arrives. */
async function close(
  offer: Offer,
  receipt: string,
  outcome: Outcome,
  changes: Partial<Header> = {},
): Promise<void> {
  const others = [otherReceipt(receipt, 0), otherReceipt(receipt, 2)] as const;
  const receipts = outcome === 'refused' ? others : [others[0], receipt, others[1]];
  const result = bench.finish(offer, receipts, changes);
  bench.source.leavesHeld = receipts.map(leafOf);
  if (outcome !== 'untold') await bench.agent.concluded(result, bench.signal);
}

/** The receipt of another node of the cohort, for the same task. */
function otherReceipt(receipt: string, node: number): string {
  const { value } = decodeSigned(RECEIPT, receipt);
  return signRecord(RECEIPT, { ...value, node: asNodeId(node) }, nodeSigner(node)).wire;
}

describe('what a site carries between rounds', () => {
  it('goes from a round that counted its update to the next one', async () => {
    await lossy();
    expect(await play('counted')).toEqual(Buffer.from(updateFrom(0)));
    const residual = await stateAfter(0);
    expect(residual.some((value) => value !== 0)).toBe(true);
    const second = await play('counted');
    expect(second).toEqual(Buffer.from(updateFrom(1, residual)));
    // Mutant: a site that forgets sends other bytes.
    expect(second).not.toEqual(Buffer.from(updateFrom(1)));
  });

  it('is not changed by an update that did not count', async () => {
    await lossy();
    await play('counted');
    const residual = await stateAfter(0);
    await play('refused');
    expect(await play('counted')).toEqual(Buffer.from(updateFrom(2, residual)));
    expect(await states()).toEqual(['0-0.state', '0-2.state']);
  });

  it('starts at zero while nothing counted', async () => {
    await lossy();
    await play('refused');
    expect(await play('counted')).toEqual(Buffer.from(updateFrom(1)));
  });

  it('asks for the leaves when nobody told whether an update counted, and keeps the answer', async () => {
    await lossy();
    await play('untold');
    const residual = await stateAfter(0);
    expect(await play('counted')).toEqual(Buffer.from(updateFrom(1, residual)));
    expect(bench.source.calls.filter((call) => call === 'contents')).toHaveLength(1);
    expect(await bench.kinds()).toContain('inclusion');
  });

  it('waits rather than guesses when the leaves cannot be had', async () => {
    await lossy();
    await play('untold');
    bench.source.leavesHeld = undefined;
    await expect(bench.update()).rejects.toMatchObject({ code: 'NET_UNREACHABLE' });
    bench.source.leavesHeld = [];
    expect((await bench.decline()).code).toBe('PROTO_MALFORMED');
  });

  it('makes a lost update again with the same bytes, also when a later process does it', async () => {
    await lossy();
    await play('counted');
    const offer = bench.coordinator.offer();
    const first = await bench.update(offer);
    const bytes = await readFile(first.path);
    await rm(first.path);
    await bench.restart();
    expect(await bench.update(offer)).toEqual(first);
    expect((await readFile(first.path)).equals(bytes)).toBe(true);
    await close(offer, first.receipt, 'counted');
    await rm(first.path);
    expect(await bench.update(offer)).toEqual(first);
  });

  it('is on disk before the receipt is signed', async () => {
    await lossy();
    await writeFile(join(bench.folder, 'states'), 'a file where the folder should be');
    expect((await bench.decline()).code).toBe('CONFIG_FOLDER_UNWRITABLE');
    expect(await bench.kinds()).toEqual(['task', 'decline']);
    await rm(join(bench.folder, 'states'));
  });

  it.each([
    [
      'a bit was turned',
      async () => {
        const bytes = await readFile(statePath(0));
        bytes[bytes.length - 1] ^= 1;
        await writeFile(statePath(0), bytes);
      },
    ],
    [
      'it was cut',
      async () => writeFile(statePath(0), (await readFile(statePath(0))).subarray(0, -4)),
    ],
    ['it is empty', async () => writeFile(statePath(0), '')],
    ['it is missing', async () => rm(statePath(0))],
  ] as const)('is refused with its own code when %s', async (_, damage) => {
    await lossy();
    await play('counted');
    await damage();
    const decline = await bench.decline();
    expect(decline.code).toBe('STORE_STATE_DAMAGED');
    expect(decline.message).not.toContain(bench.folder);
  });

  it('takes two files for each run, however many rounds it has', async () => {
    await lossy((yaml) => yaml.replace('rounds: 3', 'rounds: 30'));
    for (let round = 0; round < 12; round++) {
      await play(round % 3 === 1 ? 'refused' : 'counted');
      expect((await states()).length).toBeLessThanOrEqual(2);
    }
  });

  it('is kept for a month, longer than update files may be', async () => {
    await lossy(undefined, (yaml) => `${yaml}retentionDays: 0\n`);
    await play('counted');
    await bench.clock.advance(Date.now() - bench.clock.nowMs() + 29 * 86_400_000);
    await play('counted');
    expect(await readdir(join(bench.folder, 'updates'))).toEqual([]);
    const residual = await stateAfter(1);
    expect(await play('counted')).toEqual(Buffer.from(updateFrom(2, residual)));
    await bench.clock.advance(2 * 86_400_000);
    await play('refused');
    expect(await states()).toEqual([]);
  });

  it('is nothing at all in a run of exact updates', async () => {
    bench = await SiteBench.start();
    await play('counted');
    expect(await states()).toEqual([]);
  });
});

describe('SCAFFOLD at a site', () => {
  it('corrects gradients by c − cᵢ and sends both changes', async () => {
    bench = await SiteBench.start({
      run: testSpec((yaml) => yaml.replace('fedAvg', 'scaffold')),
    });
    const first = bench.coordinator.offer();
    const answer = await bench.update(first);
    expect(bench.trainer.requests[0].drift).toEqual(new Float32Array(3));
    const { manifest } = bench.trainer.requests[0];
    expect(updateManifestOf(sha256, manifest, 'scaffold').tensors.map(({ name }) => name)).toEqual([
      'dense0.kernel',
      'dense0.bias',
      'c.dense0.kernel',
      'c.dense0.bias',
    ]);
    // cᵢ⁺ = 0 − 0 + (x − y) ÷ (K·η), of ten steps with a rate of .01.
    const own = await stateAfter(0);
    for (const value of own) expect(value).toBeCloseTo(-0.125 / 0.1, 5);
    const c = Float64Array.of(0.5, -0.25, 2);
    const state = encodeState(manifest, { c });
    expect(decodeState(manifest, state).c).toEqual(c);
    const id = sha256(state);
    bench.source.states.set(id, state);
    await close(first, answer.receipt, 'counted', { stateAfter: id });
    await bench.update();
    expect(bench.source.calls).toContain('state');
    expect(bench.trainer.requests[1].drift).toEqual(own.map((value, j) => c[j] - value));
  });

  it('declines a server state that is not the one the task names', async () => {
    bench = await SiteBench.start({
      run: testSpec((yaml) => yaml.replace('fedAvg', 'scaffold')),
    });
    const first = bench.coordinator.offer();
    const { receipt } = await bench.update(first);
    const id = testHash('state');
    bench.source.states.set(id, new Uint8Array(8));
    await close(first, receipt, 'counted', { stateAfter: id });
    expect((await bench.decline()).code).toBe('STORE_BLOB_DAMAGED');
  });
});
