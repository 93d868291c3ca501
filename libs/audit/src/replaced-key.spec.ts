import type { Hash, Signer } from '@tallystick/kernel';
import { HEADER, type RecordCodec, signRecord, TASK } from '@tallystick/record';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { successorKey } from './testing/fixture/test-keys.js';
import { openEvidence, releasedRuntimes } from './testing/operator/evidence.js';
import { TamperedBundle } from './testing/operator/tampered-bundle.js';
import { Scratch } from './testing/scratch.js';
import { verifyBundle } from './verify-bundle.js';

/** Round 2 is the first that the second key signs. */
const FROM = 2;

function signatureOf<T>(codec: RecordCodec<T>, value: T, signer: Signer) {
  const { signature } = signRecord(codec, value, signer);
  return { signature };
}

describe('a run whose coordinator took another key', () => {
  const scratch = new Scratch();
  let bundle: TestBundle;
  let knownRuntimes: ReadonlySet<Hash>;
  beforeAll(async () => {
    bundle = await testBundle({ replacesKeyAt: FROM });
    knownRuntimes = await releasedRuntimes();
  }, 60_000);
  afterAll(async () => {
    await scratch.dispose();
    await bundle.remove();
  });

  const audit = (folder: string = bundle.folder, logs = bundle.anchors) =>
    verifyBundle({ folder, anchors: { nodeKeys: [], logs }, knownRuntimes });

  it('is VERIFIED: each round by the key that the chain holds for it', async () => {
    const { history } = await openEvidence(bundle.folder);
    const { coordinator } = bundle.keys;
    const successor = successorKey();
    expect(history.run.coordinatorKeys).toEqual([
      { fromRound: 0, key: coordinator.key },
      { fromRound: FROM, key: successor.key },
    ]);
    expect(await audit()).toMatchObject({ verdict: 'VERIFIED', finding: null });
  });

  it('is VERIFIED with logs of nodes that believed the one before, and with none that believe another', async () => {
    const { coordinator, authority } = bundle.keys;
    const with_ = (key: typeof coordinator.key, before?: typeof key) =>
      bundle.anchors.map((log) => ({
        ...log,
        coordinatorKey: key,
        ...(before && { formerCoordinatorKeys: [before] }),
      }));
    expect((await audit(bundle.folder, with_(coordinator.key))).finding).toBeNull();
    expect((await audit(bundle.folder, with_(authority.key, coordinator.key))).finding).toBeNull();
    expect(await audit(bundle.folder, with_(authority.key))).toMatchObject({
      finding: { step: 'V2' },
    });
  });

  it.each([
    ['the old key after it', FROM, 'coordinator'],
    ['the new key before it', FROM - 1, 'successor'],
  ] as const)('finds what %s signed', async (_, round, name) => {
    const folder = await scratch.copyOf(bundle.folder);
    const tampered = new TamperedBundle(folder, await openEvidence(folder), bundle.keys);
    const [evidence] = tampered.rounds.slice(round);
    if (evidence === undefined) throw new Error('no such round');
    const signer = name === 'successor' ? successorKey() : bundle.keys.coordinator;
    const header = { ...evidence.header, ...signatureOf(HEADER, evidence.header.value, signer) };
    const task = { ...evidence.task, ...signatureOf(TASK, evidence.task.value, signer) };
    for (const changes of [{ header }, { task }]) {
      await tampered.writeRound({ ...evidence, ...changes });
      await tampered.repairManifest();
      const { finding } = await audit(folder);
      expect(finding).toMatchObject({ step: 'V2', round });
    }
  });
});
