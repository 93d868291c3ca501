import { type Hash, TallyError } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import type { SitePolicy } from './config/node-config.js';

/** What a site looks at before it trains. */
export interface Proposal {
  readonly spec: Pick<RunSpec, 'name' | 'purpose'>;
  readonly specHash: Hash;
  /** Members of the cohort, this site included. */
  readonly cohort: number;
}

/** Why the site's policy forbids the proposal; undefined when it does not. Pure. */
export function judgeProposal(policy: SitePolicy, proposal: Proposal): TallyError | undefined {
  const { spec, specHash, cohort } = proposal;
  if (!policy.purposes.includes(spec.purpose)) {
    const allowed = policy.purposes.join(', ') || 'none';
    return new TallyError('POLICY_PURPOSE', { purpose: spec.purpose, allowed });
  }
  if (cohort < policy.minCohort) {
    return new TallyError('POLICY_COHORT_TOO_SMALL', { cohort, min: policy.minCohort });
  }
  const { models } = policy;
  if (models !== 'any' && !models.includes(spec.name) && !models.includes(specHash)) {
    return new TallyError('POLICY_MODEL', { what: `run ${spec.name} (spec ${specHash})` });
  }
  return undefined;
}
