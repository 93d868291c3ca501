import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LedgerAccount, SubstrateRoundLedger } from '@tallystick/chain';
import {
  buildGenesis,
  EmbeddedChain,
  serveRpc,
  ss58Address,
  UNIT,
} from '@tallystick/chain/embedded';
import { asAccountId } from '@tallystick/kernel';
import { generateKey, signerFromSeed, systemClock } from '@tallystick/kernel/node';

const WASM = new URL('../../../../chain/wasm/tally_runtime.wasm', import.meta.url);
const [AUTHORITY, REGISTRAR, TREASURY, ACCOUNT] = [14, 11, 12, 13].map((byte) =>
  signerFromSeed(new Uint8Array(32).fill(byte)),
) as [Key, Key, Key, Key]; // as many as the list has
type Key = ReturnType<typeof signerFromSeed>;

/** An embedded chain in this process, as a coordinator and a challenger use it. */
export interface TestChain {
  readonly url: string;
  readonly ledger: SubstrateRoundLedger;
  readonly challenger: LedgerAccount;
  stop(): Promise<void>;
}

export async function startTestChain(): Promise<TestChain> {
  const undo: (() => Promise<void>)[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'tally-chain-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const challenger = generateKey();
  const address = (hex: string): string => ss58Address(asAccountId(hex));
  const authority = address(AUTHORITY.key);
  const rich = [REGISTRAR, TREASURY, ACCOUNT, challenger];
  const spec = await buildGenesis({
    wasm: new Uint8Array(await readFile(WASM)),
    preset: 'deployment',
    name: 'test',
    id: 'test',
    patch: {
      session: { keys: [[authority, authority, { aura: authority, grandpa: authority }]] },
      balances: { balances: rich.map(({ key }) => [address(key), 1_000_000n * UNIT]) },
      tally: {
        registrar: address(REGISTRAR.key),
        embedded: true,
        instance: `0x${'2a'.repeat(32)}`,
      },
    },
  });
  const clock = systemClock;
  const sealing = 'instant' as const;
  const host = await EmbeddedChain.open({ folder, spec, authority: AUTHORITY, sealing, clock });
  undo.push(() => host.close());
  const server = await serveRpc(host, { host: '127.0.0.1', port: 0 });
  undo.push(() => server.close());
  const { url } = server;
  const accounts = { registrar: REGISTRAR, treasury: TREASURY, coordinator: ACCOUNT };
  const ledger = await SubstrateRoundLedger.connect({ url, accounts, clock });
  undo.push(() => ledger.close());
  const account = await LedgerAccount.connect({ url, signer: challenger, clock });
  undo.push(() => account.close());
  const stop = async (): Promise<void> => {
    for (const step of undo.toReversed()) await step();
  };
  return { url, ledger, challenger: account, stop };
}
