import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildGenesis,
  type ExactJson,
  genesisHash,
  parseRawSpec,
  type RawSpec,
  ss58Address,
  UNIT,
} from '@tallystick/chain/embedded';
import {
  type AccountId,
  asAccountId,
  asHash,
  type Hash,
  type PublicKey,
  TallyError,
  toHex,
} from '@tallystick/kernel';
import {
  durableWrite,
  loadKey,
  loadOrCreateKey,
  type NodeSigner,
  systemEntropy,
} from '@tallystick/kernel/node';
import { loadOtherCoordinators, type OtherCoordinatorKeys } from './coordinator-keys.js';
import type { DataFolder } from './data-folder.js';
import { LockFile } from '@tallystick/kernel/node';

/**
 * The keys an operator holds; all different, each in <data>/keys/<name>.key. `authority` seals the blocks of an embedded
 * chain, `treasury` holds the
 * first balance and pays into accounts and pots, `registrar` admits organisations and nodes, `coordinator` signs tasks,
 * promises and headers, `coordinator-account` submits them and pays the fees.
 */
export interface DeploymentKeys {
  readonly authority: NodeSigner;
  readonly treasury: NodeSigner;
  readonly registrar: NodeSigner;
  readonly coordinator: NodeSigner;
  readonly 'coordinator-account': NodeSigner;
}

type KeyName = keyof DeploymentKeys;

/** An organisation that keeps a chain together with others. */
export interface Validator {
  /** Its cold account. */
  readonly account: AccountId;
  /** The Ed25519 key of its node, which seals blocks (Aura) and votes on them (GRANDPA). */
  readonly key: PublicKey;
}

export interface DeploymentOptions {
  /** Who keeps the chain. Without them it is this operator alone, in the embedded host. */
  readonly validators?: readonly Validator[];
}

/** What the first start of a data folder made, and every later one finds again. */
export interface Deployment {
  readonly keys: DeploymentKeys;
  /** The coordinator key that is to follow, and those that were before. */
  readonly otherCoordinators: OtherCoordinatorKeys;
  /** PKCS#8 file of the authority key, for the chain process. */
  readonly authorityKeyPath: string;
  /** 32 random bytes in the genesis, so that every deployment has a chain of its own. */
  readonly instance: Hash;
  readonly specPath: string;
  readonly spec: RawSpec;
  /** Hash of block 0: `chain` in every record. */
  readonly genesis: Hash;
}

const WASM = new URL('../../../chain/wasm/tally_runtime.wasm', import.meta.url);

/** Ten million commits' fees, and pots for a thousand runs of a thousand units. */
const BALANCES: readonly (readonly [KeyName, bigint])[] = [
  ['treasury', 1_000_000n * UNIT],
  ['registrar', 1_000n * UNIT],
  ['coordinator-account', 15_000n * UNIT],
];

const LOCK_WAIT_MS = 30_000;

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Finds the keys and the genesis of the deployment in `folder`, or makes them. Made once: a folder that has a genesis but
 * lacks a key is refused (LEDGER_GENESIS_INVALID), since a new key would belong to no chain; so are validators for a
 * genesis that exists already.
 */
export async function openDeployment(
  folder: DataFolder,
  { validators }: DeploymentOptions = {},
): Promise<Deployment> {
  await mkdir(folder.keys, { recursive: true, mode: 0o700 });
  await mkdir(folder.chain, { recursive: true });
  const lock = await LockFile.acquire(join(folder.keys, 'keys.lock'), { waitMs: LOCK_WAIT_MS });
  try {
    const specPath = join(folder.chain, 'spec.json');
    const isNew = !(await exists(specPath));
    if (!isNew && validators !== undefined) throw genesisExists(specPath);
    const keyPath = (name: KeyName): string => join(folder.keys, `${name}.key`);
    const open = isNew ? loadOrCreateKey : loadExisting;
    const keys = await openKeys((name) => open(keyPath(name)));
    const instance = await openInstance(join(folder.keys, 'instance'), isNew);
    if (isNew) await writeSpec(specPath, { keys, instance, validators });
    const spec = parseRawSpec(await readFile(specPath, 'utf8'));
    const authorityKeyPath = keyPath('authority');
    const otherCoordinators = await loadOtherCoordinators(folder);
    const made = { keys, otherCoordinators, authorityKeyPath, instance, specPath, spec };
    return { ...made, genesis: genesisHash(spec) };
  } finally {
    await lock.release();
  }
}

async function openKeys(open: (name: KeyName) => Promise<NodeSigner>): Promise<DeploymentKeys> {
  return {
    authority: await open('authority'),
    treasury: await open('treasury'),
    registrar: await open('registrar'),
    coordinator: await open('coordinator'),
    'coordinator-account': await open('coordinator-account'),
  };
}

async function loadExisting(path: string): Promise<NodeSigner> {
  try {
    return await loadKey(path);
  } catch (error) {
    throw incomplete(path, error);
  }
}

function incomplete(path: string, cause: unknown): TallyError {
  const reason = `${path} of this deployment cannot be read; restore it from a backup`;
  return new TallyError('LEDGER_GENESIS_INVALID', { reason }, cause);
}

async function openInstance(path: string, isNew: boolean): Promise<Hash> {
  if (isNew && !(await exists(path))) await durableWrite(path, toHex(systemEntropy.bytes(32)));
  try {
    return asHash((await readFile(path, 'utf8')).trim());
  } catch (error) {
    throw incomplete(path, error);
  }
}

function genesisExists(path: string): TallyError {
  const reason = `${path} exists, and a genesis is made once; take an empty data folder`;
  return new TallyError('LEDGER_GENESIS_INVALID', { reason });
}

/** What a genesis is made of. */
interface GenesisParts {
  readonly keys: Readonly<Record<KeyName, { readonly key: PublicKey }>>;
  readonly instance: Hash;
  readonly validators: readonly Validator[] | undefined;
}

/** The patch that chain/README.md asks for, over the preset `deployment`. */
export function genesisPatch({ keys, instance, validators }: GenesisParts): ExactJson {
  const addressOf = (name: KeyName): string => ss58Address(keys[name].key);
  const authority = { account: asAccountId(keys.authority.key), key: keys.authority.key };
  const keepers = (validators ?? [authority]).map(({ account, key }) => ({
    account: ss58Address(account),
    key: ss58Address(key),
  }));
  const embedded = validators === undefined;
  return {
    session: {
      keys: keepers.map(({ account, key }) => [account, account, { aura: key, grandpa: key }]),
    },
    council: { members: keepers.map(({ account }) => account) },
    balances: { balances: BALANCES.map(([name, amount]) => [addressOf(name), amount]) },
    tally: { registrar: addressOf('registrar'), embedded, instance: `0x${instance}` },
  };
}

async function writeSpec(path: string, parts: GenesisParts): Promise<void> {
  const name = parts.instance.slice(0, 8);
  const spec = await buildGenesis({
    wasm: new Uint8Array(await readFile(WASM)),
    preset: 'deployment',
    patch: genesisPatch(parts),
    name: `Tallystick ${name}`,
    id: `tally-${name}`,
  });
  await durableWrite(path, JSON.stringify(spec));
}
