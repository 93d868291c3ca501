import { concatBytes, fromHex, toHex } from '@tallystick/kernel';
import { littleEndian, vector } from '../../embedded/scale.js';
import { blake2b128concat, storageKey, twox64concat } from '../../embedded/storage-key.js';
import type { Consent, Demand, EpochEntry, Node, NodeKey, Round, Run, State } from './state.js';

export const u8 = (value: number): Uint8Array => Uint8Array.of(value);
export const u32 = (value: number): Uint8Array => littleEndian(value, 4);
export const u64 = (value: bigint): Uint8Array => littleEndian(value, 8);
export const u128 = (value: bigint): Uint8Array => littleEndian(value, 16);
export const bool = (value: boolean): Uint8Array => u8(value ? 1 : 0);
export const all: typeof concatBytes = concatBytes;

/** `Option<T>`. */
export function option<T>(value: T | undefined, encode: (value: T) => Uint8Array): Uint8Array {
  return value === undefined ? u8(0) : all(u8(1), encode(value));
}

/** Every storage item of pallet-tally as it stands in the chain's state: hex of keys and values. */
export function encodeState(state: State): Map<string, string> {
  const entries: (readonly [Uint8Array, Uint8Array])[] = [
    [storageKey('Tally', 'Registrar'), fromHex(state.registrar)],
    [storageKey('Tally', 'Embedded'), bool(state.embedded)],
    [storageKey('Tally', 'Instance'), fromHex(state.instance)],
    ...counter('NextOrganisation', state.organisations.size),
    ...counter('NextNode', state.nodes.size),
    ...counter('NextRun', state.runs.size),
    ...numbered('Organisations', state.organisations, ({ payout, active, since }) =>
      all(fromHex(payout), bool(active), u32(since)),
    ),
    ...numbered('Nodes', state.nodes, encodeNode),
    ...numbered('NodeKeys', state.nodeKeys, encodeNodeKey),
    ...[...state.keyOwner].map(
      ([key, node]) =>
        [storageKey('Tally', 'KeyOwner', blake2b128concat(fromHex(key))), u32(node)] as const,
    ),
    ...numbered('Runs', state.runs, encodeRun),
    ...numbered('Rounds', state.rounds, encodeRound),
    ...numbered('Voids', state.voids, (spans) =>
      vector(spans.map(({ from, until }) => all(u32(from), u32(until)))),
    ),
    ...numbered('Consents', state.consents, encodeConsent),
    ...numbered('PastConsents', state.pastConsents, (past) => vector(past.map(encodeConsent))),
    ...numbered('Demands', state.demands, encodeDemand),
    ...numbered('OpenDemands', state.openDemands, (open) =>
      vector(open.map(([round, demand]) => all(u32(round), u32(demand)))),
    ),
    ...numbered('NextDemand', state.nextDemand, u32),
    ...numbered('Attests', state.attests, (verdicts) =>
      vector(verdicts.map(([by, verdict]) => all(fromHex(by), fromHex(verdict)))),
    ),
    ...numbered('Pruned', state.pruned, u32),
    ...numbered('Epochs', state.epochs, encodeEpoch),
    ...[...state.paid].map(([key, amount]) => {
      const [run = '', account = ''] = key.split('/');
      const keys = [twox64concat(u32(Number(run))), blake2b128concat(fromHex(account))];
      return [storageKey('Tally', 'Paid', ...keys), u128(amount)] as const;
    }),
  ];
  return new Map(entries.map(([key, value]) => [toHex(key), toHex(value)]));
}

function counter(item: string, next: number): (readonly [Uint8Array, Uint8Array])[] {
  return next === 0 ? [] : [[storageKey('Tally', item), u32(next)]];
}

function numbered<T>(
  item: string,
  entries: ReadonlyMap<number | string, T>,
  encode: (value: T) => Uint8Array,
): (readonly [Uint8Array, Uint8Array])[] {
  return [...entries].map(([key, value]) => {
    const numbers = String(key).split('/').map(Number);
    const keys = numbers.map((number) => twox64concat(u32(number)));
    return [storageKey('Tally', item, ...keys), encode(value)];
  });
}

const NODE_STATUS = ['pending', 'active', 'revoked'] as const;
const RUN_STATUS = ['proposed', 'open', 'halted', 'closed'] as const;
const EPOCH_STATUS = ['settled', 'objected', 'void'] as const;
const POLICIES = ['weight', 'equal', 'contribution'] as const;

function encodeNode({ organisation, owner, keyEpoch, status, since }: Node): Uint8Array {
  const at = u8(NODE_STATUS.indexOf(status));
  return all(u32(organisation), fromHex(owner), u32(keyEpoch), at, u32(since));
}

function encodeNodeKey({ key, cap, fromBlock, untilBlock }: NodeKey): Uint8Array {
  return all(fromHex(key), u64(cap), u32(fromBlock), option(untilBlock, u32));
}

/** The terms from `min_nodes` on: the same bytes in a call and in a run. */
export function encodeRules(
  terms: Pick<Run, 'minNodes' | 'windows' | 'weighting' | 'purpose' | 'consentRequired' | 'payout'>,
): Uint8Array {
  const { windows, weighting, payout } = terms;
  return all(
    u32(terms.minNodes),
    u64(windows.challengeMs),
    u64(windows.settleMs),
    u64(windows.haltMs),
    u32(windows.maxTaskAgeBlocks),
    u8(weighting.kind === 'examples' ? 0 : 1),
    u64(weighting.cap),
    u32(terms.purpose),
    bool(terms.consentRequired),
    u8(POLICIES.indexOf(payout.policy)),
    u32(payout.epochRounds),
    u128(payout.epochBudget),
    u32(payout.capPpm),
  );
}

function encodeRun(run: Run): Uint8Array {
  return all(
    fromHex(run.owner),
    fromHex(run.coordinator),
    vector(run.keys.map(({ fromRound, key }) => all(u32(fromRound), fromHex(key)))),
    ...[run.spec, run.model, run.head, run.newest, run.state].map((hash) => fromHex(hash)),
    u32(run.nextRound),
    encodeRules(run),
    ...[run.funded, run.allotted, run.paid, run.bond].map(u128),
    u32(run.epoch),
    fromHex(run.epochHead),
    u32(run.settledRounds),
    u32(run.countedRounds),
    u64(run.countedWeight),
    u32(run.objections),
    u32(run.lastAtBlock),
    u64(run.lastClosedAtMs),
    u64(run.lastActiveMs),
    u8(RUN_STATUS.indexOf(run.status)),
  );
}

function encodeRound(round: Round): Uint8Array {
  return all(
    fromHex(round.header),
    fromHex(round.root),
    u32(round.included),
    u64(round.sumWeight),
    u32(round.excluded),
    u32(round.atBlock),
    u64(round.committedAtMs),
    fromHex(round.task),
    fromHex(round.model),
    fromHex(round.state),
    u64(round.closedAtMs),
    u8(round.mode),
    u32(round.countedRounds),
    u64(round.countedWeight),
  );
}

function encodeConsent(consent: Consent): Uint8Array {
  return all(
    u32(consent.fromRound),
    u32(consent.untilRound),
    u64(consent.untilMs),
    vector(consent.purposes.map(u32)),
    fromHex(consent.policy),
    u32(consent.fromBlock),
    option(consent.revokedAtBlock, u32),
  );
}

function encodeDemand({ challenger, wanted, deadlineMs }: Demand): Uint8Array {
  const asked =
    'leaf' in wanted
      ? all(u8(0), u32(wanted.leaf))
      : all(u8(1), u32(wanted.node), fromHex(wanted.receipt));
  return all(fromHex(challenger), asked, u64(deadlineMs));
}

function encodeEpoch(entry: EpochEntry): Uint8Array {
  return all(
    fromHex(entry.record),
    fromHex(entry.root),
    u32(entry.accounts),
    u128(entry.total),
    u32(entry.firstRound),
    u32(entry.lastRound),
    u32(entry.countedRounds),
    u64(entry.countedWeight),
    u64(entry.settledAtMs),
    fromHex(entry.settler),
    u128(entry.bond),
    option(entry.objector, fromHex),
    u8(EPOCH_STATUS.indexOf(entry.status)),
  );
}
