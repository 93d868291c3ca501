import { asHash, concatBytes } from '@tallystick/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sealHeader, unsealHeader } from './aura.js';
import type { Header } from './header.js';
import { hashOf } from './hex.js';
import type { RawSpec } from './raw-spec.js';
import { compact, littleEndian, ScaleReader } from './scale.js';
import { type Block, encodeSignedBlock, readSignedBlock } from './signed-block.js';
import { storageKey } from './storage-key.js';
import {
  ALICE,
  BOB,
  developmentSpec,
  exportedBlocks,
  TestChains,
} from '../testing/development-chain.js';
import { remark, signedExtrinsic, transfer } from '../testing/signed-extrinsic.js';
import { orderedRoot } from './trie/ordered-root.js';
import { verifyBlocks } from './verify-blocks.js';
import { must } from '../testing/must.js';

const ZERO = asHash('00'.repeat(32));

describe('verifyBlocks', () => {
  const chains = new TestChains();
  let spec: RawSpec;
  let file: Uint8Array;
  let blocks: Block[];

  beforeAll(async () => {
    spec = await developmentSpec();
    const chain = await chains.open({ spec });
    for (let nonce = 0; nonce < 3; nonce++) {
      const call = nonce === 1 ? transfer(BOB.key, 1_000_000_000) : remark(`${nonce}`);
      await chain.submit(signedExtrinsic(chain, call, { signer: ALICE, nonce }));
      await chain.seal();
      await chains.clock.advance(7000);
    }
    file = await exportedBlocks(chain);
    const reader = new ScaleReader(file);
    blocks = Array.from({ length: Number(reader.u64()) }, () => readSignedBlock(reader));
  });

  afterAll(() => chains.dispose());

  const verify = (bytes: Uint8Array): ReturnType<typeof verifyBlocks> =>
    verifyBlocks({ spec, blocks: bytes });

  function encode(list: readonly Block[]): Uint8Array {
    return concatBytes(littleEndian(list.length, 8), ...list.map(encodeSignedBlock));
  }

  /** The file with block 2 changed; `reseal` as the operator could. */
  function forged(change: (block: Block) => Block, reseal?: 'reseal'): Uint8Array {
    const block = change(blocks[1]);
    const { header } =
      reseal === undefined
        ? block
        : { header: sealHeader(unsealHeader(block.header).header, ALICE) };
    return encode(blocks.with(1, { ...block, header }));
  }

  const inHeader =
    (change: Partial<Header>) =>
    (block: Block): Block => ({ ...block, header: { ...block.header, ...change } });

  test('agrees with an honest chain, and reads every state of it', async () => {
    const seen: number[] = [];
    const result = await verifyBlocks({
      spec,
      blocks: file,
      onBlock: ({ number }) => seen.push(number),
    });
    if (!result.ok) throw new Error(result.reason);
    expect(seen).toEqual([1, 2, 3]);
    expect(result.head.number).toBe(3);
    expect(result.blocks.map(({ stateRoot }) => stateRoot)).toEqual(
      blocks.map(({ header }) => header.stateRoot),
    );
    const key = storageKey('Timestamp', 'Now');
    const times = result.blocks.map(({ hash }) =>
      new ScaleReader(must(result.stateAt(hash)?.get(key))).u64(),
    );
    expect(times[2] - times[0]).toBe(14_000n);
    expect(result.stateAt(result.genesis)?.get(key)).toBeUndefined();
    expect(result.stateAt(ZERO)).toBeUndefined();
  });

  test('an empty chain is one too', async () => {
    expect(await verify(encode([]))).toMatchObject({ ok: true, head: { number: 0 } });
  });

  test('mutants: every kind of change is refused at its block, for what it is', async () => {
    const [first, second, third] = blocks;
    const [timestamp, transaction] = second.extrinsics;
    const flipped = transaction.with(transaction.length - 1, must(transaction.at(-1)) ^ 1);
    const withBody =
      (extrinsics: Uint8Array[]) =>
      (block: Block): Block => ({
        header: { ...block.header, extrinsicsRoot: hashOf(orderedRoot(extrinsics, 0)) },
        extrinsics,
      });
    const { header: unsealed } = unsealHeader(second.header);
    const bySomebody = sealHeader(unsealed, BOB);
    const seal = must(second.header.digest.at(-1));
    const cases: [string, Uint8Array, number, string][] = [
      [
        'altered extrinsic',
        forged((b) => ({ ...b, extrinsics: [timestamp, flipped] })),
        2,
        'extrinsicsRoot',
      ],
      [
        'dropped extrinsic',
        forged((b) => ({ ...b, extrinsics: [timestamp] })),
        2,
        'extrinsicsRoot',
      ],
      [
        'swapped extrinsics',
        forged((b) => ({ ...b, extrinsics: [transaction, timestamp] })),
        2,
        'extrinsicsRoot',
      ],
      [
        'altered extrinsic, repaired',
        forged(withBody([timestamp, flipped]), 'reseal'),
        2,
        'execution',
      ],
      ['dropped extrinsic, repaired', forged(withBody([timestamp]), 'reseal'), 2, 'stateRoot'],
      [
        'repeated extrinsic, repaired',
        forged(withBody([timestamp, transaction, transaction]), 'reseal'),
        2,
        'execution',
      ],
      ['no timestamp, repaired', forged(withBody([transaction]), 'reseal'), 2, 'execution'],
      ['altered state root', forged(inHeader({ stateRoot: ZERO })), 2, 'seal'],
      [
        'altered state root, resealed',
        forged(inHeader({ stateRoot: ZERO }), 'reseal'),
        2,
        'stateRoot',
      ],
      [
        'altered extrinsics root, resealed',
        forged(inHeader({ extrinsicsRoot: ZERO }), 'reseal'),
        2,
        'extrinsicsRoot',
      ],
      ['other parent, resealed', forged(inHeader({ parentHash: ZERO }), 'reseal'), 2, 'parent'],
      ['other number, resealed', forged(inHeader({ number: 3 }), 'reseal'), 2, 'number'],
      ['sealed by another key', forged((b) => ({ ...b, header: bySomebody })), 2, 'seal'],
      [
        'one bit of the seal',
        forged(inHeader({ digest: [...unsealed.digest, seal.with(30, seal[30] ^ 1)] })),
        2,
        'seal',
      ],
      ['no seal', forged(inHeader({ digest: unsealed.digest })), 2, 'seal'],
      ['two seals', forged(inHeader({ digest: [...unsealed.digest, seal, seal] })), 2, 'seal'],
      ['seal first', forged(inHeader({ digest: [seal, ...unsealed.digest] })), 2, 'seal'],
      [
        'another slot, resealed',
        forged(inHeader({ digest: [unsealed.digest[0].with(6, 1), seal] }), 'reseal'),
        2,
        'execution',
      ],
      [
        'two slots, resealed',
        forged(inHeader({ digest: [unsealed.digest[0], ...second.header.digest] }), 'reseal'),
        2,
        'seal',
      ],
      [
        'an item too many, resealed',
        forged(inHeader({ digest: [unsealed.digest[0], Uint8Array.of(8), seal] }), 'reseal'),
        2,
        'execution',
      ],
      ['block left out', encode([first, third]), 2, 'number'],
      ['block twice', encode([first, second, second, third]), 3, 'number'],
      ['blocks swapped', encode([second, first, third]), 1, 'number'],
    ];
    for (const [name, bytes, block, what] of cases) {
      expect(await verify(bytes), name).toMatchObject({ ok: false, block, what });
    }
  });

  test('a resealed block that is right in itself breaks the link of the next one', async () => {
    // Ed25519 signs deterministically, so another header needs another content: a later time stamp.
    const chain = await chains.open({ spec });
    await chains.clock.advance(100);
    await chain.seal();
    const other = chain.head;
    expect(await verify(encode([other, blocks[1]]))).toMatchObject({
      ok: false,
      block: 2,
      what: 'parent',
    });
  });

  test('mutants: cut short, too long, wrong count, justifications, another genesis', async () => {
    const cut = await verify(file.subarray(0, file.length - 1));
    expect(cut).toMatchObject({ ok: false, block: 3, what: 'encoding' });
    const long = await verify(concatBytes(file, Uint8Array.of(0)));
    expect(long).toMatchObject({ ok: false, block: 4, what: 'encoding' });
    const more = await verify(concatBytes(littleEndian(2n ** 63n, 8), file.subarray(8)));
    expect(more).toMatchObject({ ok: false, block: 4, what: 'encoding' });
    const fewer = await verify(concatBytes(littleEndian(2, 8), file.subarray(8)));
    expect(fewer).toMatchObject({ ok: false, block: 3, what: 'encoding' });
    expect(await verify(new Uint8Array(3))).toMatchObject({
      ok: false,
      block: 1,
      what: 'encoding',
    });

    const justified = concatBytes(file.subarray(0, file.length - 1), Uint8Array.of(1), compact(0));
    expect(await verify(justified)).toMatchObject({ ok: false, block: 3, what: 'encoding' });

    const top = { ...spec.genesis.raw.top, '0x00': '0x01' };
    const foreign = { ...spec, genesis: { raw: { ...spec.genesis.raw, top } } };
    const other = await verifyBlocks({ spec: foreign, blocks: file });
    expect(other).toMatchObject({ ok: false, block: 1, what: 'parent' });
  });

  test('every single bit of the file matters', async () => {
    const offsets = Array.from(
      { length: 40 },
      (_, i) => 8 + Math.floor((i * (file.length - 8)) / 40),
    );
    for (const at of offsets) {
      const bytes = file.with(at, file[at] ^ (1 << (at % 8)));
      expect((await verify(bytes)).ok, `byte ${at}`).toBe(false);
    }
  });

  test('an unknown runtime is named before anything of it runs; an abort is obeyed', async () => {
    const none = await verifyBlocks({ spec, blocks: file, knownRuntimes: new Set() });
    expect(none).toMatchObject({ ok: false, block: 1, what: 'runtime' });
    const top = { ...spec.genesis.raw.top, '0x3a636f6465': '0x00' };
    const broken = { ...spec, genesis: { raw: { ...spec.genesis.raw, top } } };
    const unusable = await verifyBlocks({ spec: broken, blocks: file });
    expect(unusable).toMatchObject({ ok: false, block: 1, what: 'runtime' });
    const stop = new AbortController();
    const aborted = verifyBlocks({
      spec,
      blocks: file,
      signal: stop.signal,
      onBlock: () => stop.abort(),
    });
    await expect(aborted).rejects.toThrow(/abort/);
  });
});
