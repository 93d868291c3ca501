import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Hash, utf8, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { blobPath, recordBytes, ROUND_FILES, roundPath } from '../../bundle/layout.js';
import { decodeManifest, encodeManifest } from '../../bundle/manifest.js';
import type { TamperedBundle } from '../operator/tampered-bundle.js';
import { type Expectation, type Manipulation, raw } from './manipulation.js';
import { lastRound, middleRound, the } from './pick.js';

const HOLDER = 'holder of the files';

function firstUpdate(bundle: TamperedBundle): { path: string; expected: Expectation } {
  const { round, leaves } = middleRound(bundle);
  const { node, update } = the(leaves[0]);
  const record = `update of node ${node} (${blobPath(update)})`;
  return { path: blobPath(update), expected: { step: 'V6', round, record, by: HOLDER } };
}

function blobAfter(
  bundle: TamperedBundle,
  what: 'model' | 'state',
): { path: string; expected: Expectation } | undefined {
  const { round, header } = middleRound(bundle);
  const id: Hash = header.value[`${what}After`];
  if (id === ZERO_HASH) return undefined;
  const record = `${what} (${blobPath(id)})`;
  return { path: blobPath(id), expected: { step: 'V8', round, record, by: HOLDER } };
}

const blobs: readonly Manipulation[] = [
  raw('one bit of an update', async (bundle) => {
    const { path, expected } = firstUpdate(bundle);
    await bundle.flip(path, -1);
    return expected;
  }),
  raw('an update dropped', async (bundle) => {
    const { path, expected } = firstUpdate(bundle);
    await bundle.remove(path);
    return expected;
  }),
  raw('one bit of a model', async (bundle) => {
    const { path, expected } = the(blobAfter(bundle, 'model'));
    await bundle.flip(path, -1);
    return expected;
  }),
  raw('one bit of an optimizer state', async (bundle) => {
    const state = blobAfter(bundle, 'state');
    if (state === undefined) return undefined;
    await bundle.flip(state.path, -1);
    return state.expected;
  }),
  raw('a model dropped', async (bundle) => {
    const { path, expected } = the(blobAfter(bundle, 'model'));
    await bundle.remove(path);
    return expected;
  }),
  raw('one bit of the genesis model', async (bundle) => {
    const path = blobPath(bundle.honest.history.genesisModel.id);
    await bundle.flip(path, -1);
    return { step: 'V8', record: 'genesis model', by: HOLDER };
  }),
  raw('a blob added', async (bundle) => {
    const bytes = utf8('not of this run');
    const path = blobPath(sha256(bytes));
    await bundle.write(path, bytes);
    return { step: 'V6', record: path, by: HOLDER };
  }),
];

const roundFiles: readonly Manipulation[] = [
  ...ROUND_FILES.map((file) =>
    raw(`${file} dropped`, async (bundle) => {
      const { round } = middleRound(bundle);
      await bundle.remove(roundPath(round, file));
      return { step: 'V2', round, record: roundPath(round, file), by: HOLDER };
    }),
  ),
  raw('receipts cut off', async (bundle) => {
    const { round } = middleRound(bundle);
    const path = roundPath(round, 'receipts.bin');
    await bundle.write(path, (await bundle.read(path)).subarray(0, -1));
    return { step: 'V2', round, record: path, by: HOLDER };
  }),
  raw('two receipts swapped', async (bundle) => {
    const { round, leaves } = middleRound(bundle);
    const path = roundPath(round, 'receipts.bin');
    const bytes = await bundle.read(path);
    const size = recordBytes('receipts.bin');
    const first = bytes.slice(0, size);
    bytes.copyWithin(0, size, 2 * size);
    bytes.set(first, size);
    await bundle.write(path, bytes);
    const record = `receipt of node ${the(leaves[0]).node}`;
    return { step: 'V4', round, record, by: HOLDER };
  }),
  raw('receipts of another round', async (bundle) => {
    const last = lastRound(bundle);
    const other = the(
      bundle.rounds.find(
        ({ round, leaves }) => round !== last.round && leaves.length === last.leaves.length,
      ),
    );
    const from = join(bundle.folder, roundPath(other.round, 'receipts.bin'));
    await copyFile(from, join(bundle.folder, roundPath(last.round, 'receipts.bin')));
    return { step: 'V4', round: last.round, record: 'receipt of node', by: HOLDER };
  }),
  raw('a round added', async (bundle) => {
    const last = lastRound(bundle);
    const round = last.round + 1;
    await bundle.writeRound({ ...last, round });
    return { step: 'V2', record: `rounds/${String(round).padStart(4, '0')}/`, by: HOLDER };
  }),
  raw('the last round dropped', async (bundle) => {
    const { round } = lastRound(bundle);
    await bundle.remove(`rounds/${String(round).padStart(4, '0')}`);
    return { step: 'V2', round, record: roundPath(round, 'task.bin'), by: HOLDER };
  }),
];

const others: readonly Manipulation[] = [
  raw('one bit of the run spec', async (bundle) => {
    await bundle.flip('run/spec.json', 20);
    return { step: 'V2', record: 'run/spec.json', by: HOLDER };
  }),
  raw('the run spec dropped', async (bundle) => {
    await bundle.remove('run/spec.json');
    return { step: 'V2', record: 'run/spec.json', by: HOLDER };
  }),
  raw('one bit of the manifest', async (bundle) => {
    await bundle.flip('manifest.json', -4);
    return { step: undefined, record: 'manifest.json' };
  }),
  raw('a CID of another file in the manifest', async (bundle) => {
    const manifest = decodeManifest(await bundle.read('manifest.json'));
    const [first, second] = [the(manifest.files[0]), the(manifest.files[1])];
    const files = manifest.files.with(0, { ...first, cid: second.cid });
    await bundle.write('manifest.json', encodeManifest({ ...manifest, files }));
    return { step: undefined, record: 'manifest.json' };
  }),
  raw('the manifest dropped', async (bundle) => {
    await bundle.remove('manifest.json');
    return { step: undefined, record: 'manifest.json' };
  }),
  raw('a file that no bundle has', async (bundle) => {
    await bundle.write('rounds/notes.txt', utf8('hello'));
    return { step: undefined, record: 'rounds/notes.txt' };
  }),
];

/** Whole files, and single bits of those that hold no records. */
export const RAW_FILES: readonly Manipulation[] = [...blobs, ...roundFiles, ...others];
