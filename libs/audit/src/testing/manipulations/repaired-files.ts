import { sha256 } from '@tallystick/kernel/node';
import { type Exclude, ExclusionReason, HEADER, signRecord, TASK } from '@tallystick/record';
import { headerHash, sealHeader, unsealHeader } from '@tallystick/chain/testing';
import type { Block } from '@tallystick/chain/embedded';
import { type Signer, utf8 } from '@tallystick/kernel';
import { blobPath, roundPath } from '../../bundle/layout.js';
import { keyOf } from '../fixture/test-keys.js';
import { flipped, type TamperedBundle } from '../operator/tampered-bundle.js';
import { type Expectation, type Manipulation, repaired } from './manipulation.js';
import { lastRound, middleRound, the } from './pick.js';

const HOLDER = 'holder of the files';

const isSilent = ({ reason }: Exclude): boolean => reason === ExclusionReason.silent;

/** Files edited and listed anew: the manifest fits, nothing is signed again. */
const listed: readonly Manipulation[] = [
  repaired('an update changed and listed anew', 'whole', async (bundle) => {
    const { round, leaves } = middleRound(bundle);
    const { node, update } = the(leaves[0]);
    await bundle.flip(blobPath(update), -1);
    await bundle.repairManifest();
    return { step: 'V6', round, record: `update of node ${node}`, by: HOLDER };
  }),
  repaired('a blob added and listed', 'whole', async (bundle) => {
    const bytes = utf8('not of this run');
    await bundle.write(blobPath(sha256(bytes)), bytes);
    await bundle.repairManifest();
    return { step: 'V6', record: blobPath(sha256(bytes)), by: HOLDER };
  }),
  repaired('the header signature changed and listed anew', 'whole', async (bundle) => {
    const { round } = middleRound(bundle);
    await bundle.flipField([round, 'header.bin'], HEADER, [0, 'signature']);
    await bundle.repairManifest();
    return { step: 'V2', round, record: roundPath(round, 'header.bin'), by: HOLDER };
  }),
  repaired('silence turned into lateness, listed anew', 'whole', async (bundle) => {
    const evidence = bundle.rounds.find(({ excluded }) => excluded.some(isSilent));
    if (evidence === undefined) return undefined;
    const excluded = evidence.excluded.map((leaf) =>
      isSilent(leaf) ? { ...leaf, reason: ExclusionReason.late } : leaf,
    );
    await bundle.writeRound({ ...evidence, excluded });
    await bundle.repairManifest();
    const { round } = evidence;
    return { step: 'V3', round, record: roundPath(round, 'excluded.bin'), by: HOLDER };
  }),
  repaired('the last round dropped and no longer listed', 'none', async (bundle) => {
    const { round } = lastRound(bundle);
    await bundle.remove(`rounds/${String(round).padStart(4, '0')}`);
    await bundle.repairManifest();
    return { step: 'V2', round, record: roundPath(round, 'task.bin'), by: HOLDER };
  }),
  repaired('another run spec, listed anew', 'none', async (bundle) => {
    const text = new TextDecoder().decode(await bundle.read('run/spec.json'));
    await bundle.write('run/spec.json', utf8(text.replace('"seed":', '"seed":1')));
    await bundle.repairManifest();
    return { step: 'V2', record: 'run/spec.json', by: HOLDER };
  }),
];

/** Records signed again with the coordinator key, the chain left as it is. */
const resigned: readonly Manipulation[] = [
  repaired('a header signed again with another closing time', 'none', async (bundle) => {
    const evidence = middleRound(bundle);
    const { closedAtMs } = evidence.header.value;
    const value = { ...evidence.header.value, closedAtMs: closedAtMs + 1n };
    const { signature } = signRecord(HEADER, value, bundle.keys.coordinator);
    await bundle.writeRound({ ...evidence, header: { value, signature } });
    await bundle.repairManifest();
    const { round } = evidence;
    return { step: 'V2', round, record: 'header committed on the chain', by: 'coordinator' };
  }),
  repaired('a task signed again with another deadline', 'none', async (bundle) => {
    const evidence = middleRound(bundle);
    const { deadlineMs } = evidence.task.value;
    const value = { ...evidence.task.value, deadlineMs: deadlineMs + 1n };
    const { signature } = signRecord(TASK, value, bundle.keys.coordinator);
    await bundle.writeRound({ ...evidence, task: { value, signature } });
    await bundle.repairManifest();
    const { round } = evidence;
    return {
      step: 'V2',
      round,
      record: `${roundPath(round, 'header.bin')} task`,
      by: 'coordinator',
    };
  }),
];

/** Puts another last block, listed as the head; nothing follows it that would not fit. */
async function withHead(
  bundle: TamperedBundle,
  change: (header: Block['header']) => Block['header'],
  signer: Signer,
): Promise<number> {
  const { blocks } = bundle.honest;
  const head = the(blocks.at(-1));
  const header = sealHeader(change(unsealHeader(head.header).header), signer);
  await bundle.writeBlocks(blocks.with(-1, { ...head, header }));
  await bundle.repairManifest({ head: headerHash(header) });
  return blocks.length;
}

const OTHER_DIGEST = Uint8Array.of(0, 4, 0x78);

/** The last block sealed again. */
const resealed: readonly Manipulation[] = [
  repaired('a false state root under a good seal', 'none', async (bundle): Promise<Expectation> => {
    const number = await withHead(
      bundle,
      (header) => ({ ...header, stateRoot: flipped(header.stateRoot) }),
      bundle.keys.authority,
    );
    return { step: 'V1', record: `block ${number} stateRoot`, by: 'chain operator' };
  }),
  repaired('a foreign digest item under a good seal', 'none', async (bundle) => {
    const number = await withHead(
      bundle,
      (header) => ({ ...header, digest: [...header.digest, OTHER_DIGEST] }),
      bundle.keys.authority,
    );
    return { step: 'V1', record: `block ${number} execution`, by: 'chain operator' };
  }),
  repaired('a block sealed by another key', 'whole', async (bundle) => {
    const number = await withHead(bundle, (header) => header, keyOf('nobody'));
    return { step: 'V1', record: `block ${number} seal`, by: HOLDER };
  }),
];

/** Everything that can be made to fit without playing the run again. */
export const REPAIRED_FILES: readonly Manipulation[] = [...listed, ...resigned, ...resealed];
