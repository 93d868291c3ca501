import { readdir, readFile } from 'node:fs/promises';
import { Metadata, TypeRegistry } from '@polkadot/types';
import { expect, it } from 'vitest';
import { Overlay } from '../embedded/overlay.js';
import { RuntimeCache } from '../embedded/runtime.js';
import { ScaleReader } from '../embedded/scale.js';
import { Trie } from '../embedded/trie/trie.js';
import { releasedWasm } from '../testing/development-chain.js';
import { UNREACHABLE } from '../testing/model/unreachable.js';

const MODEL = new URL('../testing/model/', import.meta.url);

/** Names of pallet-tally's errors, as the released runtime says them itself. */
async function errorsOfRuntime(): Promise<readonly string[]> {
  const runtime = new RuntimeCache().compile(await releasedWasm());
  const opaque = runtime.call(new Overlay(Trie.empty), 'Metadata_metadata');
  const registry = new TypeRegistry();
  const metadata = new Metadata(registry, new ScaleReader(opaque).opaque());
  registry.setMetadata(metadata);
  const pallet = metadata.asLatest.pallets.find(({ name }) => name.toString() === 'Tally');
  const errors = pallet?.errors.unwrap().type;
  if (errors === undefined) throw new Error('the runtime has no errors of the pallet');
  const { variants } = registry.lookup.getSiType(errors).def.asVariant;
  return variants.map(({ name }) => name.toString());
}

it('the model can give every error that the pallet has, or it is written down why no walk meets it', async () => {
  const files = (await readdir(MODEL)).filter((file) => file !== 'unreachable.ts');
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, MODEL), 'utf8')));
  const model = texts.join('\n');
  const errors = await errorsOfRuntime();
  expect(errors.length).toBeGreaterThan(100);
  const missing = errors.filter((name) => !model.includes(`'${name}'`) && !UNREACHABLE.has(name));
  expect(missing).toEqual([]);
  expect([...UNREACHABLE.keys()].filter((name) => !errors.includes(name))).toEqual([]);
});
