import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Hash, type NodeId, TallyError, ZERO_HASH } from '@tallystick/kernel';
import { durableWrite } from '@tallystick/kernel/node';
import type { RunSpec } from '@tallystick/protocol';
import type { Task } from '@tallystick/record';
import { type Consent, hasConsented } from '@tallystick/rounds';
import { z } from 'zod';

const FILE = 'consents.json';
/** Changes of consents that one site remembers; with 64 purposes at most they stay below 4 MiB. */
const MAX_CONSENTS = 4_096;

const u32 = z.int().min(0).max(0xffff_ffff);

/** What the owner of this site last put on the chain about a run. */
export const OwnConsent = z.strictObject({
  run: u32,
  fromRound: u32,
  untilRound: u32,
  untilMs: z.int().min(0),
  purposes: z.array(u32).max(16),
  policy: z.string().regex(/^[0-9a-f]{64}$/),
  /** Block that granted it. */
  fromBlock: u32,
  revokedAtBlock: u32.optional(),
});
export type OwnConsent = z.infer<typeof OwnConsent>;

const OwnConsents = z.array(OwnConsent).max(MAX_CONSENTS);

/** Consents in the folder of a site, oldest first. Rejects with DATA_FILE_UNREADABLE when the file is damaged. */
export async function readOwnConsents(folder: string): Promise<readonly OwnConsent[]> {
  const file = join(folder, FILE);
  try {
    return OwnConsents.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    const reason = error instanceof z.ZodError ? 'it is not a list of consents' : String(error);
    throw new TallyError('DATA_FILE_UNREADABLE', { file, reason }, error);
  }
}

/** Remembers what the chain now holds: one entry for each grant, which a revocation completes. */
export async function keepOwnConsent(folder: string, consent: OwnConsent): Promise<void> {
  const known = await readOwnConsents(folder);
  const others = known.filter(
    ({ run, fromBlock }) => run !== consent.run || fromBlock !== consent.fromBlock,
  );
  const kept = [...others, consent].slice(-MAX_CONSENTS);
  await durableWrite(join(folder, FILE), `${JSON.stringify(kept, undefined, 2)}\n`);
}

/** What decides about a task. */
export interface ConsentQuestion {
  readonly node: NodeId;
  readonly task: Pick<Task, 'run' | 'round' | 'atBlock'>;
  readonly spec: Pick<RunSpec, 'purpose' | 'consent'>;
  readonly nowMs: number;
}

/**
 * The policy that the receipt of a task carries: zeros where nobody asked for a consent. Throws POLICY_CONSENT when the
 * owner did not consent, or withdrew: then whatever block the task names.
 */
export function consentedPolicy(own: readonly OwnConsent[], question: ConsentQuestion): Hash {
  const { node, task, spec, nowMs } = question;
  const { run, round, atBlock } = task;
  const ofRun = own.filter((consent) => consent.run === run);
  const held = ofRun.findLast(({ fromBlock }) => fromBlock <= atBlock);
  const isRevoked = ofRun.at(-1)?.revokedAtBlock !== undefined;
  const byNode = new Map(held === undefined ? [] : [[node, onChain(held)] as const]);
  const at = { atBlock, atMs: BigInt(nowMs), byNode };
  if (!isRevoked && hasConsented(spec, at, { node, round })) {
    return byNode.get(node)?.policy ?? ZERO_HASH;
  }
  const reason = isRevoked
    ? 'it was withdrawn'
    : held === undefined
      ? 'none was given'
      : 'it does not cover this round, time or purpose';
  throw new TallyError('POLICY_CONSENT', { run, round, reason });
}

function onChain({ run: _run, untilMs, policy, revokedAtBlock, ...terms }: OwnConsent): Consent {
  return {
    ...terms,
    untilMs: BigInt(untilMs),
    policy: policy as Hash, // 64 hex digits by its schema
    ...(revokedAtBlock === undefined ? {} : { revokedAtBlock }),
  };
}
