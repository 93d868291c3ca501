import { sha256 } from '@tallystick/kernel/node';
import { afterAll, describe, expect, it } from 'vitest';
import { littleEndian } from '../embedded/scale.js';
import { TestChains } from '../testing/development-chain.js';
import { isKnownMetadata } from './known-metadata.js';

const chains = new TestChains();
afterAll(() => chains.dispose());

describe('isKnownMetadata', () => {
  it('knows what the released runtime answers, in every form a client may ask for', async () => {
    const chain = await chains.open();
    const state = chain.stateAt(chain.head.hash);
    const forms = {
      plain: sha256(state.call('Metadata_metadata', new Uint8Array())),
      ...Object.fromEntries(
        [14, 15, 16].map((version) => [
          version,
          sha256(state.call('Metadata_metadata_at_version', littleEndian(version, 4))),
        ]),
      ),
    };
    const unknown = Object.entries(forms).filter(([, hash]) => !isKnownMetadata(hash));
    expect(unknown).toEqual([]);
  });
});
