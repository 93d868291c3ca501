import type { Hash } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/crypto';
import type { Member } from '@tallystick/record';
import { beaconRound, drawCohort, hasConsented, purposeNumber } from '@tallystick/rounds';
import { roundPath } from '../bundle/layout.js';
import { demand, demandEqual, Mismatch } from '../findings.js';
import type { History } from '../history.js';
import { readConsents } from '../state/stored-consents.js';
import { readEligible } from '../state/stored-nodes.js';

const textOf = ({ node, keyEpoch, cap }: Member): string => `${node}/${keyEpoch}/${cap}`;

/** The spec's hash, or that of the block in which V1 saw the deciding round committed. */
export function beaconOf({ spec, specHash, chain, commits, voids }: History, round: number): Hash {
  const decided = beaconRound(spec, round, voids);
  if (decided === undefined) return specHash;
  const block = commits.get(decided);
  const hash = block === undefined ? undefined : chain.hashOf(block);
  if (hash !== undefined) return hash;
  const place = { round, record: `commit of round ${decided}`, by: 'chain operator' } as const;
  throw new Mismatch(place, { expected: 'a block that holds it', found: 'none' });
}

/** What the pallet judges consents by is what the spec says. */
function checkTerms({ spec, run, runId }: History): void {
  const place = { record: `terms of run ${runId} on the chain`, by: 'coordinator' } as const;
  const isRequired = spec.consent === 'required';
  const rule = (purpose: number, required: boolean): string =>
    `purpose ${purpose}, consent ${required ? 'required' : 'implied'}`;
  demandEqual(
    rule(purposeNumber(spec.purpose), isRequired),
    rule(run.purpose, run.isConsentRequired),
    place,
  );
}

/**
 * V5: who was asked, drawn again from the chain's state at each task's block and the run spec. Nobody was whose owner did
 * not consent there.
 */
export function checkCohorts(history: History): number {
  const { spec, chain } = history;
  const { min } = spec.window.count;
  checkTerms(history);
  let members = 0;
  for (const { round, task, cohort } of history.rounds) {
    const { atBlock } = task.value;
    const state = chain.stateAt(atBlock);
    const eligible = readEligible(state);
    const asked = cohort.map(({ node }) => node);
    const candidates = new Set([...eligible.map(({ node }) => node), ...asked]);
    const consents = readConsents(state, { run: history.runId, atBlock }, [...candidates]);
    const place = { round, record: roundPath(round, 'cohort.bin'), by: 'coordinator' } as const;
    for (const node of asked) {
      const consent = { ...place, record: `consent of node ${node}` };
      const isWilling = hasConsented(spec, consents, { node, round });
      demand(isWilling, consent, `one in force at block ${atBlock}`, 'none');
    }
    const beacon = beaconOf(history, round);
    const drawn = drawCohort(sha256, eligible, { spec, round, beacon, consents });
    demandEqual(
      drawn.map(({ member }) => textOf(member)).join(' '),
      cohort.map(textOf).join(' '),
      place,
    );
    demand(cohort.length >= min, place, `at least ${min} nodes`, cohort.length);
    members += cohort.length;
  }
  return members;
}
