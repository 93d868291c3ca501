import { asNodeId, asRunId, assertNever } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import {
  HEADER,
  PROMISE,
  type Promise as PromiseRecord,
  type Signed,
  signRecord,
  sumProof,
  TASK,
} from '@tallystick/record';
import type { Answer, Claim, Fault, LeafEvidence, ShownLeaf, Standing } from './call.js';
import { type Proposal, someId, someRun } from './propose-basics.js';
import type { Run } from './state.js';
import { entitleSums, type Played, type World } from './world.js';

/** A committed round, mostly one of the newest. */
function someRound(world: World): readonly [run: number, round: number] {
  const { random, state } = world;
  const keys = [...state.rounds.keys()];
  if (keys.length === 0 || random.chance(0.03)) return [someId(world, state.runs.size), 999];
  const at = random.chance(0.6)
    ? random.between(Math.max(0, keys.length - 4), keys.length - 1)
    : random.between(0, keys.length - 1);
  const [run = 0, round = 0] = (keys[at] ?? '').split('/').map(Number);
  return [run, round];
}

function stranger(world: World): number {
  return world.random.between(5, 10);
}

function somePromise(world: World, id: number, round: number): Signed<PromiseRecord> | undefined {
  const { random, state } = world;
  const run = state.runs.get(id);
  if (run === undefined) return undefined;
  const played = world.of(id, round);
  const leaf = played?.leaves[random.between(0, 2)];
  const exclusion = played?.exclusions[0];
  const kept = leaf ?? exclusion;
  const isKept = kept !== undefined && random.chance(0.6);
  const value: PromiseRecord = {
    chain: random.chance(0.05) ? world.hash() : world.env.chain,
    run: asRunId(random.chance(0.05) ? id + 1 : id),
    round,
    node: isKept ? kept.node : asNodeId(0),
    receipt: isKept ? kept.receipt : world.hash(),
    dueMs: world.env.nowMs + BigInt(random.pick([-1, 0, 1])),
  };
  const signer = random.chance(0.05) ? world.holder(undefined) : world.coordinator(run, round);
  return { value, signature: signRecord(PROMISE, value, signer).signature };
}

export function demand(world: World): Proposal | undefined {
  const [run, round] = someRound(world);
  const who = stranger(world);
  if (world.random.chance(0.5)) {
    const subject = { leaf: world.random.between(0, 3) };
    return { who, call: { name: 'demand', run, round, subject } };
  }
  const promise = somePromise(world, run, round);
  return promise && { who, call: { name: 'demand', run, round, subject: { promise } } };
}

export function answer(world: World): Proposal | undefined {
  const { random, state } = world;
  const keys = [...state.demands.keys()];
  const newest = Math.max(0, keys.length - 1);
  const key = keys[random.chance(0.85) ? newest : random.between(0, newest)];
  const [run = 0, round = 0, asked = 0] = (key ?? '').split('/').map(Number);
  const wanted = key === undefined ? undefined : state.demands.get(key)?.wanted;
  const played = world.of(run, round);
  if (played === undefined || wanted === undefined) return undefined;
  const isLeaf = 'leaf' in wanted;
  const index = isLeaf
    ? wanted.leaf
    : played.leaves.findIndex(({ receipt }) => receipt === wanted.receipt);
  const kind = random.chance(0.1)
    ? random.pick<Answer['kind']>(['leaf', 'counted', 'quorum'])
    : isLeaf
      ? 'leaf'
      : index < 0
        ? 'quorum'
        : 'counted';
  const found = answerOf(world, played, { kind, index: Math.max(0, index) });
  const demanded = random.chance(0.03) ? 999 : asked;
  return (
    found && {
      who: stranger(world),
      call: { name: 'answer', run, round, demand: demanded, answer: found },
    }
  );
}

function answerOf(
  world: World,
  played: Played,
  { kind, index }: { readonly kind: Answer['kind']; readonly index: number },
): Answer | undefined {
  switch (kind) {
    case 'leaf': {
      const evidence = world.evidence(played, index);
      return (
        evidence && {
          kind,
          evidence: world.random.chance(0.25) ? spoilEvidence(world, evidence) : evidence,
        }
      );
    }
    case 'counted': {
      const shown = world.shown(played, index);
      const at = world.random.chance(0.1) ? index + 1 : index;
      return shown && { kind, index: at, ...shown };
    }
    case 'quorum': {
      if (played.exclusions.length === 0) return undefined;
      const proof = world.exclusionProof(played, 0);
      return { kind, index: world.random.chance(0.1) ? 1 : 0, proof };
    }
    default:
      return assertNever(kind);
  }
}

function spoilEvidence(world: World, evidence: LeafEvidence): LeafEvidence {
  const { receipt, task, memberProof } = evidence;
  const signature = world.pop(world.account(0), world.holder(undefined)).signature;
  return world.random.pick<LeafEvidence>([
    { ...evidence, proof: evidence.proof.slice(1) },
    { ...evidence, task: { ...task, deadlineMs: task.deadlineMs + 1n } },
    { ...evidence, receipt: { ...receipt, signature } },
    { ...evidence, memberProof: [...memberProof, world.hash()] },
    { ...evidence, memberIndex: evidence.memberIndex + 1 },
  ]);
}

export function dispute(world: World): Proposal | undefined {
  const kind = world.random.pick<Fault['kind']>([
    'unanswered',
    'order',
    'order',
    'headers',
    'header',
    'tasks',
    'task',
    'entitlementOrder',
    'share',
    'share',
    'share',
  ]);
  const fault = faultOf(world, kind);
  return fault && { who: stranger(world), call: { name: 'dispute', fault } };
}

function faultOf(world: World, kind: Fault['kind']): Fault | undefined {
  switch (kind) {
    case 'unanswered': {
      const keys = [...world.state.demands.keys()];
      const key = keys[world.random.between(0, Math.max(0, keys.length - 1))];
      const [run = 0, round = 0, asked = 999] = (key ?? '0/0/999').split('/').map(Number);
      return { kind, run, round, demand: asked };
    }
    case 'order':
      return orderFault(world);
    case 'entitlementOrder':
    case 'share':
      return epochFault(world, kind);
    default:
      return equivocation(world, kind);
  }
}

function orderFault(world: World): Fault | undefined {
  const [run, round] = someRound(world);
  const played = world.of(run, round);
  const [first, second] = [0, 1].map((index) => played && world.shown(played, index));
  if (first === undefined || second === undefined) return undefined;
  const index = world.random.chance(0.1) ? 1 : 0;
  return { kind: 'order', run, round, index, first, second };
}

/** Records that a coordinator may have signed for a round, now and then by somebody else, of another place or alike. */
function equivocation(
  world: World,
  kind: 'headers' | 'header' | 'tasks' | 'task',
): Fault | undefined {
  const { random } = world;
  const [id, run] = someRun(world, random.pick(['open', 'open', 'proposed', 'halted']));
  if (run === undefined || random.chance(0.75)) return undefined; // they end a run, so they are rare
  const round = Math.max(0, run.nextRound - random.pick([0, 1, 1, 2, 3]));
  const { header, played } = world.round(id, { ...run, nextRound: round }, undefined);
  const others = [round, random.chance(0.1) ? round + 1 : round] as const;
  const signer = random.chance(0.1) ? world.holder(undefined) : world.coordinator(run, round);
  const chain = random.chance(0.05) ? world.hash() : world.env.chain;
  const headers = others.map((at, i) => {
    const value = {
      ...header,
      chain,
      round: at,
      metrics: random.chance(0.1) ? header.metrics : world.hash(),
    };
    return { value: i === 0 ? { ...value, metrics: header.metrics } : value };
  });
  const [h0, h1] = headers.map(({ value }) => ({
    value,
    signature: signRecord(HEADER, value, signer).signature,
  }));
  const committed = world.of(id, round)?.task;
  const base =
    committed !== undefined && random.chance(0.3) ? committed : { ...played.task, chain };
  const [t0, t1] = [
    base,
    { ...base, round: others[1], deadlineMs: base.deadlineMs + BigInt(random.pick([0, 1, 1, 1])) },
  ].map((value) => ({ value, signature: signRecord(TASK, value, signer).signature }));
  if (h0 === undefined || h1 === undefined || t0 === undefined || t1 === undefined)
    return undefined;
  switch (kind) {
    case 'headers':
      return { kind, first: h0, second: h1 };
    case 'header':
      return { kind, signed: h1 };
    case 'tasks':
      return { kind, first: t0, second: t1 };
    case 'task':
      return { kind, signed: t0 };
    default:
      return assertNever(kind);
  }
}

/** An epoch, mostly the newest of its run. */
function someEpoch(world: World): readonly [id: number, epoch: number, run: Run | undefined] {
  const { random, state } = world;
  const settled = [...state.runs].filter(([, { epoch }]) => epoch > 0);
  const found = settled[random.between(0, Math.max(0, settled.length - 1))];
  if (found === undefined || random.chance(0.04)) return [0, 999, state.runs.get(0)];
  const [id, run] = found;
  return [id, random.chance(0.75) ? run.epoch - 1 : random.between(0, run.epoch), run];
}

function claimsOf(world: World, id: number, epoch: number): readonly Claim[] {
  const record = world.state.epochs.get(`${id}/${epoch}`)?.record;
  const entitled = (record === undefined ? undefined : world.entitled.get(record)) ?? [];
  const sums = entitleSums(entitled);
  return entitled.map((leaf, index) => ({ index, leaf, proof: sumProof(sha256, sums, index) }));
}

function epochFault(world: World, kind: 'entitlementOrder' | 'share'): Fault | undefined {
  const { random } = world;
  const [run, epoch] = someEpoch(world);
  const claims = claimsOf(world, run, epoch);
  if (kind === 'entitlementOrder') {
    const [first, second = first] = claims;
    if (first === undefined || second === undefined) return undefined;
    return { kind, run, epoch, first: spoilClaim(world, first), second };
  }
  const account = world.account(random.between(5, 9));
  const before = standing(claimsOf(world, run, epoch - 1), account);
  const after = standing(claims, account);
  const spoiled = random.chance(0.1) ? standing(claims, world.account(7)) : after;
  const shown = random.chance(0.2) ? [] : shownLeaves(world, run, epoch);
  return { kind, fault: { run, epoch, account, before, after: spoiled, shown } };
}

function standing(claims: readonly Claim[], account: ReturnType<World['account']>): Standing {
  const found = claims.find(({ leaf }) => leaf.account === account);
  if (found !== undefined) {
    const { index, leaf, proof } = found;
    return { kind: 'entitled', index, cumulative: leaf.cumulative, proof };
  }
  const left = claims.findLast(({ leaf }) => leaf.account < account);
  const right = claims.find(({ leaf }) => leaf.account > account);
  return { kind: 'absent', left, right };
}

function shownLeaves(world: World, run: number, epoch: number): readonly ShownLeaf[] {
  const { random, state } = world;
  const entry = state.epochs.get(`${run}/${epoch}`);
  if (entry === undefined) return [];
  const rounds = Array.from(
    { length: Math.min(4, entry.lastRound - entry.firstRound + 1) },
    (_, i) => entry.lastRound - 3 + i,
  );
  const leaves = rounds.flatMap((round) => {
    const played = world.of(run, round);
    if (played === undefined || round < 0) return [];
    return played.leaves.flatMap((_, index) => {
      const shown = world.shown(played, index);
      return shown === undefined || random.chance(0.1) ? [] : [{ round, index, ...shown }];
    });
  });
  return random.chance(0.1) ? leaves.reverse() : leaves;
}

function spoilClaim(world: World, claim: Claim): Claim {
  if (world.random.chance(0.88)) return claim;
  const { leaf } = claim;
  return world.random.pick<Claim>([
    { ...claim, index: claim.index + 1 },
    { ...claim, leaf: { ...leaf, cumulative: leaf.cumulative + 1n } },
    { ...claim, leaf: { ...leaf, account: world.account(9) } },
  ]);
}

export function claim(world: World): Proposal | undefined {
  const [run, epoch] = someEpoch(world);
  const claims = claimsOf(world, run, epoch);
  const found = claims[world.random.between(0, Math.max(0, claims.length - 1))];
  return (
    found && {
      who: stranger(world),
      call: { name: 'claim', run, epoch, ...spoilClaim(world, found) },
    }
  );
}

export function claimMany(world: World): Proposal {
  const [run, epoch] = someEpoch(world);
  const claims = claimsOf(world, run, epoch).filter(() => world.random.chance(0.6));
  return {
    who: stranger(world),
    call: { name: 'claim_many', run, epoch, claims: claims.map((one) => spoilClaim(world, one)) },
  };
}

export function object(world: World): Proposal {
  const [run, epoch] = someEpoch(world);
  return { who: stranger(world), call: { name: 'object', run, epoch, reason: world.hash() } };
}

export function resolve(world: World): Proposal {
  const { random, state } = world;
  const objected = [...state.epochs].find(([, { objector }]) => objector !== undefined);
  const [run = 0, epoch = 0] =
    objected !== undefined && random.chance(0.7)
      ? objected[0].split('/').map(Number)
      : someEpoch(world);
  return {
    who: 0,
    call: { name: 'resolve', run: Number(run), epoch: Number(epoch), upheld: random.chance(0.4) },
  };
}

export function attest(world: World): Proposal {
  const [run, round] = world.random.chance(0.5) ? [0, 0] : someRound(world);
  return {
    who: world.random.between(0, 10),
    call: { name: 'attest', run, round, verdict: world.hash() },
  };
}

export function halt(world: World): Proposal {
  const [run, stored] = someRun(world, 'open');
  const round = (stored?.nextRound ?? 0) + world.random.pick([0, 0, -1]);
  const promise = world.random.chance(0.5)
    ? somePromise(world, run, Math.max(0, round))
    : undefined;
  return { who: stranger(world), call: { name: 'halt', run, promise } };
}
