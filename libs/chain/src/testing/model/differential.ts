import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asAccountId, type Clock, toHex, ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import type { ChainState } from '../../embedded/chain-state.js';
import { EmbeddedChain } from '../../embedded/embedded-chain.js';
import { buildGenesis } from '../../embedded/genesis.js';
import type { RawSpec } from '../../embedded/raw-spec.js';
import { ss58Address } from '../../embedded/ss58.js';
import { storageKey } from '../../embedded/storage-key.js';
import { UNIT } from '../../unit.js';
import { releasedWasm } from '../development-chain.js';
import { signedExtrinsic } from '../signed-extrinsic.js';
import { encodeCall } from './encode-call.js';
import { encodeState } from './encode-state.js';
import { isOpening, nextDelay, propose } from './propose.js';
import type { Proposal } from './propose-basics.js';
import { readResults } from './read-results.js';
import { type Env, isOpen } from './rules.js';
import { emptyState, type State } from './state.js';
import { step } from './step.js';
import { World } from './world.js';

const NOBODY = asAccountId(ZERO_HASH);
const START_MS = 1_000_000;
const MAX_KEYS = 100_000;
const MAX_CALLS_OF_A_BLOCK = 3;
/** A block that begins a session is full from its start. */
const SESSION_BLOCKS = 100;
/** A draw that leads to no call is drawn again, so often at most. */
const MAX_DRAWS = 100;

/** A walk of random calls on a chain and on the model at once. */
export interface Walk {
  readonly seed: number;
  readonly calls: number;
  /** The window rule of the model; the pallet's own unless a mutant is wanted. */
  readonly isOpen?: Env['isOpen'];
}

/** How often each call was made, by name, and how often it ended how: `ok` or the error's name. */
export interface Counts {
  readonly calls: Map<string, number>;
  readonly results: Map<string, number>;
  /** What the first difference was; undefined when there was none. */
  difference: string | undefined;
}

/** Walks until the calls are made or chain and model differ; adds to `counts`. */
export async function walk(options: Walk, counts: Counts): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-model-'));
  const clock = new StandingClock();
  const genesis = { instance: sha256(Uint8Array.of(options.seed & 0xff)), embedded: true };
  const world = new World(
    options.seed,
    emptyState({ ...genesis, registrar: NOBODY }),
    noEnv(options),
  );
  world.state = { ...world.state, registrar: world.account(0) };
  const spec = await specOf(world);
  const [authority = world.holder(undefined)] = world.accounts;
  const chain = await EmbeddedChain.open({ folder, spec, authority, sealing: 'manual', clock });
  try {
    const at = { chain, world, counts, nonces: new Map() };
    for (let made = 0; made < options.calls && counts.difference === undefined;) {
      clock.forward(nextDelay(world));
      world.env = {
        ...world.env,
        chain: chain.genesis,
        block: chain.head.number + 1,
        nowMs: clock.now,
      };
      made += await nextBlock(at);
    }
    if (counts.difference !== undefined) {
      counts.difference = `seed ${options.seed}, block ${chain.head.number}: ${counts.difference}`;
    }
  } finally {
    await chain.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Step {
  readonly chain: EmbeddedChain;
  readonly world: World;
  readonly counts: Counts;
  readonly nonces: Map<number, number>;
}

/** Makes one block of up to three calls; how many it had. The pool decides on their order. */
async function nextBlock(at: Step): Promise<number> {
  const { chain, world } = at;
  const made = new Map<string, Proposal>();
  const isFull = (chain.head.number + 1) % SESSION_BLOCKS === 0;
  const most = isOpening(world) ? 1 : MAX_CALLS_OF_A_BLOCK;
  const size = isFull ? 0 : world.random.between(1, most);
  for (let i = 0; i < size; i++) {
    const proposal = draw(world);
    made.set(toHex(await submit(at, proposal)), proposal);
  }
  const hash = await chain.seal();
  const [, ...extrinsics] = chain.block(hash)?.extrinsics ?? []; // the first is the timestamp
  const state = chain.stateAt(hash);
  const found = readResults(state);
  const calls = extrinsics.map((extrinsic) => made.get(toHex(extrinsic))?.call.name);
  const expected = extrinsics.map((extrinsic) => judge(at, made.get(toHex(extrinsic))));
  const differs = expected.findIndex((result, i) => result !== found[i]);
  if (expected.length !== size) {
    at.counts.difference = `${size - expected.length} calls are not in the block`;
  } else if (differs < 0) at.counts.difference = differenceOf(world.state, state);
  else {
    const names = `the model says ${expected[differs]}, the chain ${found[differs]}`;
    at.counts.difference = `${calls[differs]}: ${names}`;
  }
  if (at.counts.difference !== undefined) {
    at.counts.difference += ` (${calls.map((name, i) => `${name}: ${expected[i]}`).join(', ')})`;
  }
  return size;
}

async function submit(
  { chain, world, nonces }: Step,
  { who, call }: Proposal,
): Promise<Uint8Array> {
  const signer = world.accounts[who];
  if (signer === undefined) throw new RangeError(`there is no account ${who}`);
  const nonce = nonces.get(who) ?? 0;
  nonces.set(who, nonce + 1);
  const extrinsic = signedExtrinsic(chain, encodeCall(call), { signer, nonce });
  await chain.submit(extrinsic);
  return extrinsic;
}

/** What the model makes of a call, which moves on. */
function judge({ world, counts }: Step, proposal: Proposal | undefined): string {
  if (proposal === undefined) return 'a call that nobody made';
  const { who, call } = proposal;
  const outcome = step(world.state, world.env, world.account(who), call);
  world.state = outcome.state;
  const result = outcome.error ?? 'ok';
  counts.calls.set(call.name, (counts.calls.get(call.name) ?? 0) + 1);
  counts.results.set(result, (counts.results.get(result) ?? 0) + 1);
  return result;
}

function draw(world: World): Proposal {
  for (let i = 0; i < MAX_DRAWS; i++) {
    const proposal = propose(world);
    if (proposal !== undefined) return proposal;
  }
  return { who: 0, call: { name: 'graduate' } };
}

const PREFIX = storageKey('Tally', 'Registrar').subarray(0, 16);
const VERSION = toHex(storageKey('Tally', ':__STORAGE_VERSION__:'));

/** The first storage item of the pallet that the model has otherwise. */
function differenceOf(model: State, chain: ChainState): string | undefined {
  const wanted = encodeState(model);
  for (const key of chain.keys(PREFIX, MAX_KEYS)) {
    const name = toHex(key);
    if (name === VERSION) continue;
    const value = chain.get(key);
    const stored = value && toHex(value);
    if (stored !== wanted.get(name))
      return `${name} is ${stored}, in the model ${wanted.get(name)}`;
    wanted.delete(name);
  }
  const [left] = wanted;
  return left && `${left[0]} is not stored, in the model ${left[1]}`;
}

/** Eleven rich accounts; the first is the registrar, and seals. */
async function specOf(world: World): Promise<RawSpec> {
  const addresses = world.accounts.map(({ key }) => ss58Address(key));
  const [registrar = ''] = addresses;
  return buildGenesis({
    wasm: await releasedWasm(),
    preset: 'deployment',
    name: 'Model',
    id: 'tally_model',
    patch: {
      aura: { authorities: [registrar] },
      grandpa: { authorities: [[registrar, 1]] },
      balances: { balances: addresses.map((address) => [address, 1_000_000n * UNIT]) },
      tally: { registrar, embedded: true, instance: `0x${world.state.instance}` },
    },
  });
}

function noEnv(options: Walk): Env {
  return {
    chain: sha256(),
    block: 0,
    nowMs: BigInt(START_MS),
    authorities: 1,
    hasDevelopmentKey: false,
    isOpen: options.isOpen ?? isOpen,
  };
}

/** A clock that moves when told to; its timers never fire. */
class StandingClock implements Clock {
  #nowMs = START_MS;

  get now(): bigint {
    return BigInt(this.#nowMs);
  }

  nowMs(): number {
    return this.#nowMs;
  }

  forward(ms: bigint): void {
    this.#nowMs += Number(ms);
  }

  after(): { cancel(): void } {
    return { cancel: () => undefined };
  }
}
