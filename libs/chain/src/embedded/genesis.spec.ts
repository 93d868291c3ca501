import { fromHex, isTallyError, toHex } from '@tallystick/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildGenesis } from './genesis.js';
import { fromHex0x, toHex0x } from './hex.js';
import { genesisHash, parseRawSpec, type RawSpec } from './raw-spec.js';
import { littleEndian } from './scale.js';
import { ss58Address } from './ss58.js';
import { blake2b128concat, storageKey } from './storage-key.js';
import { ALICE, BOB, developmentSpec, releasedWasm } from '../testing/development-chain.js';

describe('genesis', () => {
  let wasm: Uint8Array;

  beforeAll(async () => {
    wasm = await releasedWasm();
  });

  const patch = {
    session: {
      keys: [
        [
          ss58Address(ALICE.key),
          ss58Address(ALICE.key),
          { aura: ss58Address(BOB.key), grandpa: ss58Address(BOB.key) },
        ],
      ],
    },
    council: { members: [ss58Address(ALICE.key)] },
    balances: { balances: [[ss58Address(ALICE.key), 9_007_199_254_740_993n]] },
    tally: { registrar: ss58Address(ALICE.key), embedded: true, instance: `0x${'ab'.repeat(32)}` },
  };

  async function deployment(instance = 'ab'): Promise<RawSpec> {
    const tally = { ...patch.tally, instance: `0x${instance.repeat(32)}` };
    return buildGenesis({
      wasm,
      preset: 'deployment',
      patch: { ...patch, tally },
      name: 'A',
      id: 'a',
    });
  }

  function value(spec: RawSpec, key: Uint8Array): string | undefined {
    return spec.genesis.raw.top[toHex0x(key)];
  }

  test('a deployment holds exactly the keys, balances and instance it was given', async () => {
    const spec = await deployment();
    expect(value(spec, storageKey('Aura', 'Authorities'))).toBe(`0x04${BOB.key}`);
    expect(value(spec, storageKey('Grandpa', 'Authorities'))).toBe(
      `0x04${BOB.key}0100000000000000`,
    );
    expect(value(spec, storageKey('Session', 'Validators'))).toBe(`0x04${ALICE.key}`);
    expect(value(spec, storageKey('Council', 'Members'))).toBe(`0x04${ALICE.key}`);
    expect(value(spec, storageKey('Tally', 'Instance'))).toBe(`0x${'ab'.repeat(32)}`);
    expect(value(spec, storageKey('Tally', 'Embedded'))).toBe('0x01');
    expect(value(spec, storageKey('Tally', 'Registrar'))).toBe(`0x${ALICE.key}`);
    expect(value(spec, storageKey('Sudo', 'Key'))).toBeUndefined();
    const account = value(
      spec,
      storageKey('System', 'Account', blake2b128concat(fromHex(ALICE.key))),
    );
    // nonce, consumers, providers, sufficients: 16 bytes; then the free balance, odd and beyond 2^53
    const free = fromHex0x(account ?? '0x').subarray(16, 32);
    expect(toHex(free)).toBe(toHex(littleEndian(9_007_199_254_740_993n, 16)));
    expect(value(spec, new TextEncoder().encode(':code'))).toBe(toHex0x(wasm));
  });

  test('every instance is a chain of its own, and the same one gives the same chain', async () => {
    const [one, same, other] = [await deployment(), await deployment(), await deployment('ac')];
    expect(genesisHash(one)).toBe(genesisHash(same));
    expect(genesisHash(one)).not.toBe(genesisHash(other));
  });

  test('the runtime says why it refuses a patch', async () => {
    for (const bad of [{ tally: { registrar: 'nobody' } }, { nothing: {} }]) {
      const made = buildGenesis({ wasm, preset: 'deployment', patch: bad, name: 'A', id: 'a' });
      const error: unknown = await made.catch((e: unknown) => e);
      expect(isTallyError(error, 'LEDGER_GENESIS_INVALID')).toBe(true);
    }
  });

  test('a raw spec comes back from its JSON; anything ambiguous is refused', async () => {
    const spec = await developmentSpec();
    expect(genesisHash(parseRawSpec(JSON.stringify(spec)))).toBe(genesisHash(spec));
    const raw = { ...spec.genesis.raw };
    const bad: unknown[] = [
      { ...spec, codeSubstitutes: { '0x1': '0x00' } },
      { ...spec, bootNodes: ['/ip4/1.2.3.4'] },
      { ...spec, telemetryEndpoints: [] },
      { ...spec, chainType: 'Local' },
      { ...spec, genesis: { raw: { ...raw, childrenDefault: { '0x00': {} } } } },
      { ...spec, genesis: { raw: { ...raw, top: { '0x00': 1 } } } },
      { ...spec, genesis: { runtime: {} } },
      null,
      [],
    ];
    for (const value of bad) {
      expect(() => parseRawSpec(JSON.stringify(value))).toThrow(/genesis cannot be built/);
    }
    expect(() => parseRawSpec('{')).toThrow(/genesis cannot be built/);
    const odd = { ...spec, genesis: { raw: { ...raw, top: { ...raw.top, '0xzz': '0x' } } } };
    expect(() => genesisHash(odd)).toThrow(/not 0x-prefixed hex/);
    const { '0x3a636f6465': code, ...rest } = raw.top;
    expect(code).toBeDefined();
    const without = { ...spec, genesis: { raw: { ...raw, top: rest } } };
    expect(() => genesisHash(without)).toThrow(/no :code/);
  });
});
