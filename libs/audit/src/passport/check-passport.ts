import { type BlockProof, checkBlockProof } from '@tallystick/chain/embedded';
import { type Hash, type PublicKey, type RunId } from '@tallystick/kernel';
import { ed25519, sha256 } from '@tallystick/kernel/node';
import { HEADER, recordHash, verifyRecord } from '@tallystick/record';
import { type Finding, Mismatch, demand, demandEqual } from '../findings.js';
import type { Verdict } from '../report.js';
import type { ReadState } from '../state/read-state.js';
import { keyOf } from '../state/read-state.js';
import { readRound, readRun } from '../state/stored-run.js';
import { type Passport, passportKeys } from './passport.js';

/** What the reader of a model holds from outside. One of them is enough. */
export interface PassportAnchors {
  /** The coordinator key that a site pinned. */
  readonly coordinatorKey?: PublicKey;
  /** Hash of the passport's block, from somebody who follows the chain. */
  readonly block?: Hash;
}

/** What a passport says of a model. */
export interface PassportReport {
  /** VERIFIED only when the coordinator key or the block came from outside. */
  readonly verdict: Verdict;
  readonly summary: string;
  readonly model: Hash;
  readonly run: RunId;
  readonly round: number;
  readonly chain: Hash;
  readonly spec: Hash | null;
  readonly included: number;
  /** The block whose state holds the header. */
  readonly block: { readonly number: number; readonly hash: Hash } | null;
  /** Who says that the block is final. */
  readonly finality: string;
  /** Consents and privacy are in no header of this version. */
  readonly consents: string;
  readonly privacy: string;
  readonly finding: Omit<Finding, 'step'> | null;
}

/**
 * Checks a model file against its passport, with nothing else: its SHA-256 is modelAfter of a header, the coordinator key
 * in force signed that header, the chain's state holds it as a committed round that counts, a block with that state was
 * sealed by an authority.
 */
export function checkPassport(
  model: Uint8Array,
  passport: Passport,
  anchors: PassportAnchors = {},
): PassportReport {
  const { run, round, header } = passport;
  const about = {
    model: sha256(model),
    run,
    round,
    chain: header.value.chain,
    included: header.value.included,
    consents: 'none recorded in this version',
    privacy: 'no privacy budget in this version: nothing was spent, nothing is promised',
  };
  try {
    const { block, spec, isEmbedded } = check(about.model, passport, anchors);
    const finality = isEmbedded
      ? 'the word of the one operator of an embedded chain'
      : 'the word of whoever gave you the passport: it carries no justification';
    const isAnchored = anchors.block !== undefined || anchors.coordinatorKey !== undefined;
    const verdict = isAnchored ? 'VERIFIED' : 'CONSISTENT';
    const summary = isAnchored ? verdict : `${verdict} (unanchored: coordinator key, block)`;
    return { verdict, summary, ...about, block, spec, finality, finding: null };
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const { record, expected, found, by } = error.finding;
    const summary = `FAILED: ${record}: expected ${expected}, found ${found} (${by})`;
    const nothing = { block: null, spec: null, finality: 'not reached' };
    return { verdict: 'FAILED', summary, ...about, ...nothing, finding: error.finding };
  }
}

const HOLDER = 'holder of the files';

function check(
  model: Hash,
  { run, round, header, block, proof }: Passport,
  anchors: PassportAnchors,
): { block: BlockProof['block']; spec: Hash; isEmbedded: boolean } {
  const { value } = header;
  demandEqual(value.modelAfter, model, { record: 'the model file', by: HOLDER });
  demandEqual(run, value.run, { record: 'run', by: HOLDER });
  demandEqual(round, value.round, { record: 'round', by: HOLDER });
  const proved = checkBlockProof(block, proof, passportKeys(run, round));
  demand(
    proved.ok,
    { record: 'block', by: HOLDER },
    'a sealed block and its state',
    proved.ok ? '' : proved.reason,
  );
  if (anchors.block !== undefined) {
    demandEqual(anchors.block, proved.block.hash, { record: 'block', by: 'chain operator' });
  }
  const read: ReadState = (key) => proved.values.get(Buffer.from(key).toString('hex'));
  const spec = checkHeader(read, { run, round, header }, anchors);
  const isEmbedded = read(keyOf('Tally', 'Embedded'))?.[0] === 1;
  return { block: proved.block, spec, isEmbedded };
}

/** The header is signed by the run's key in force and committed; returns the run's spec. */
function checkHeader(
  read: ReadState,
  { run, round, header }: Pick<Passport, 'run' | 'round' | 'header'>,
  anchors: PassportAnchors,
): Hash {
  const { value } = header;
  const stored = readRun(read, run);
  const place = { round, record: 'the run in the chain’s state', by: 'chain operator' } as const;
  demand(stored !== undefined, place, 'the run', 'none');
  const key = stored.coordinatorKeys.findLast(({ fromRound }) => fromRound <= round)?.key;
  demand(key !== undefined, place, 'a coordinator key', 'none');
  const pinned = anchors.coordinatorKey ?? key;
  demandEqual(pinned, key, { record: 'coordinator key', by: 'chain operator' });
  const isSigned = verifyRecord(ed25519, HEADER, value, key, header.signature);
  demand(
    isSigned,
    { round, record: 'header', by: HOLDER },
    `signed by ${key}`,
    'another signature',
  );
  const committed = readRound(read, run, round);
  const commit = { round, record: 'header committed on the chain', by: 'coordinator' } as const;
  demandEqual(committed?.header ?? 'none', recordHash(sha256, HEADER, value), commit);
  demand(committed?.isVoid === false, commit, 'a round that counts', 'a void one');
  return stored.spec;
}
