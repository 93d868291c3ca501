import { type Block, storageKey } from '@tallystick/chain/embedded';
import { toHex } from '@tallystick/kernel';
import { flipped, type TamperedBundle } from '../operator/tampered-bundle.js';
import { type Expectation, type Manipulation, raw } from './manipulation.js';
import { middleRound, the } from './pick.js';

const HOLDER = 'holder of the files';

/** The block that commits a middle round, and its place in the file. */
function commitBlock(bundle: TamperedBundle): { number: number; block: Block } {
  const { commits } = bundle.honest.history;
  const number = the(commits.get(middleRound(bundle).round));
  return { number, block: the(bundle.honest.blocks[number - 1]) };
}

/** Writes the blocks with one of them changed. */
async function withBlock(bundle: TamperedBundle, number: number, block: Block): Promise<void> {
  await bundle.writeBlocks(bundle.honest.blocks.with(number - 1, block));
}

function blockFault(name: string, what: string, change: (block: Block) => Block): Manipulation {
  return raw(name, async (bundle): Promise<Expectation> => {
    const { number, block } = commitBlock(bundle);
    await withBlock(bundle, number, change(block));
    return { step: 'V1', record: `block ${number} ${what}`, by: HOLDER };
  });
}

function bitOf(bytes: Uint8Array, at: number): Uint8Array {
  const index = at < 0 ? bytes.length + at : at;
  return bytes.with(index, (bytes[index] ?? 0) ^ 1);
}

const inHeader = (change: (header: Block['header']) => Partial<Block['header']>) => {
  return (block: Block): Block => ({
    ...block,
    header: { ...block.header, ...change(block.header) },
  });
};

const headers: readonly Manipulation[] = [
  blockFault(
    'one bit of a state root',
    'seal',
    inHeader(({ stateRoot }) => ({ stateRoot: flipped(stateRoot) })),
  ),
  blockFault(
    'one bit of an extrinsics root',
    'seal',
    inHeader(({ extrinsicsRoot }) => ({ extrinsicsRoot: flipped(extrinsicsRoot) })),
  ),
  blockFault(
    'one bit of a parent hash',
    'parent',
    inHeader(({ parentHash }) => ({ parentHash: flipped(parentHash) })),
  ),
  blockFault(
    'another block number',
    'number',
    inHeader(({ number }) => ({ number: number + 1 })),
  ),
  blockFault(
    'one bit of a seal',
    'seal',
    inHeader(({ digest }) => ({ digest: digest.with(-1, bitOf(the(digest.at(-1)), -1)) })),
  ),
  blockFault(
    'one bit of a slot',
    'seal',
    inHeader(({ digest }) => ({ digest: digest.with(0, bitOf(the(digest[0]), -8)) })),
  ),
  blockFault(
    'digest in another order',
    'seal',
    inHeader(({ digest }) => ({ digest: digest.toReversed() })),
  ),
];

/** A digit of one item of the genesis state. */
function genesisDigit(name: string, pallet: string, item: string): Manipulation {
  return raw(name, async (bundle) => {
    const path = 'chain/spec.json';
    const text = new TextDecoder().decode(await bundle.read(path));
    const key = `"0x${toHex(storageKey(pallet, item))}":"0x`;
    const value = text.indexOf(key) + key.length;
    // past the length that a list begins with
    await bundle.flip(path, value + 2 + text.slice(value + 2).search(/[0-9]/));
    return { step: 'V1', record: 'block 1 ', by: HOLDER };
  });
}

const bodies: readonly Manipulation[] = [
  blockFault('one bit of a transaction', 'extrinsicsRoot', (block) => ({
    ...block,
    extrinsics: block.extrinsics.with(-1, bitOf(the(block.extrinsics.at(-1)), -1)),
  })),
  blockFault('a transaction dropped', 'extrinsicsRoot', (block) => ({
    ...block,
    extrinsics: block.extrinsics.slice(0, -1),
  })),
  raw('two blocks swapped', async (bundle) => {
    const { number } = commitBlock(bundle);
    const { blocks } = bundle.honest;
    const [first, second] = [the(blocks[number - 2]), the(blocks[number - 1])];
    await bundle.writeBlocks(blocks.with(number - 2, second).with(number - 1, first));
    return { step: 'V1', record: `block ${number - 1} number`, by: HOLDER };
  }),
  raw('a block dropped', async (bundle) => {
    const { number } = commitBlock(bundle);
    await bundle.writeBlocks(bundle.honest.blocks.toSpliced(number - 1, 1));
    return { step: 'V1', record: `block ${number} number`, by: HOLDER };
  }),
  raw('the last block dropped', async (bundle) => {
    await bundle.writeBlocks(bundle.honest.blocks.slice(0, -1));
    return { step: 'V1', record: 'head in manifest.json', by: HOLDER };
  }),
  raw('blocks cut off', async (bundle) => {
    const bytes = await bundle.read('chain/blocks.bin');
    await bundle.write('chain/blocks.bin', bytes.subarray(0, -1));
    const { length } = bundle.honest.blocks;
    return { step: 'V1', record: `block ${length} encoding`, by: HOLDER };
  }),
  raw('one bit of the number of blocks', async (bundle) => {
    await bundle.flip('chain/blocks.bin', 0);
    return { step: 'V1', record: 'block ', by: HOLDER };
  }),
  raw('blocks dropped', async (bundle) => {
    await bundle.remove('chain/blocks.bin');
    return { step: 'V1', record: 'chain/blocks.bin', by: HOLDER };
  }),
  genesisDigit('one digit of the genesis state', 'Tally', 'Instance'),
  genesisDigit('one digit of the registrar', 'Tally', 'Registrar'),
  genesisDigit('one digit of the authorities', 'Aura', 'Authorities'),
  genesisDigit('one digit of the finality authorities', 'Grandpa', 'Authorities'),
];

/** The chain's blocks and genesis. */
export const RAW_CHAIN: readonly Manipulation[] = [...headers, ...bodies];
