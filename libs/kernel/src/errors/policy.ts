/** `POLICY_` codes; see catalogue.ts. */
export const policy = {
  POLICY_PURPOSE: {
    message: 'the site does not allow purpose {purpose} (allowed: {allowed})',
    hint: 'Add it to `policy.purposes` in node.yaml, if the site agrees.',
    status: 403,
    disposition: 'refuse',
  },
  POLICY_COHORT_TOO_SMALL: {
    message: 'the cohort of {cohort} is below the site minimum of {min}',
    hint: 'Wait for more sites, or lower `policy.minCohort` in node.yaml.',
    status: 403,
    disposition: 'refuse',
  },
  POLICY_CONSENT: {
    message: 'the owner of this site does not consent to round {round} of run {run}: {reason}',
    hint: 'If the owner agrees: `tally node consent grant {run}`.',
    status: 403,
    disposition: 'refuse',
  },
  POLICY_STOPPED: {
    message: 'the site stays away from run {run}: the coordinator was caught at {fault}',
    hint: 'See `evidence/` of the site; `policy.onFault` in node.yaml decides about it.',
    status: 403,
    disposition: 'refuse',
  },
  POLICY_PAUSED: {
    message: 'the site takes no tasks for now',
    hint: 'Whoever is in charge of the site goes on with it on its page: `tally node page`.',
    status: 403,
    disposition: 'refuse',
  },
  POLICY_WITHDRAWN: {
    message: 'the site has withdrawn and takes no tasks any more',
    hint: 'Whoever is in charge of the site can undo it on its page: `tally node page`.',
    status: 403,
    disposition: 'refuse',
  },
  POLICY_MODEL: {
    message: 'the site does not train {what}',
    hint: 'Add it to `policy.models` in node.yaml, if the site agrees.',
    status: 403,
    disposition: 'refuse',
  },
  POLICY_DATASET: {
    message: 'the site has no dataset named {dataset}',
    hint: 'Add it: `tally node dataset add {dataset} <file.csv>`.',
    status: 404,
    disposition: 'refuse',
  },
} as const;
