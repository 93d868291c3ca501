/** `ROUND_` codes; see catalogue.ts. */
export const round = {
  ROUND_ALREADY_SIGNED: {
    message: 'node {node} already signed another receipt for run {run} round {round}',
    hint: 'Nothing to do: the node keeps both tasks as evidence.',
    status: 409,
    disposition: 'refuse',
  },
  ROUND_CLOSED: {
    message: 'round {round} of run {run} is closed',
    hint: 'Nothing to do: the update came too late.',
    status: 409,
    disposition: 'fix',
  },
  ROUND_TOO_STALE: {
    message:
      'the update is for round {round} of run {run}, {lag} rounds ago; at most {maxStaleness} are allowed',
    hint: 'Nothing to do: the node is given the newest task.',
    status: 409,
    disposition: 'fix',
  },
  ROUND_FENCED: {
    message: 'another coordinator has taken over {lease}',
    hint: 'Nothing to do: it goes on there; nothing of this was stored or signed here.',
    status: 503,
    close: 4503,
    disposition: 'fatal',
  },
  ROUND_SIGNED_BEFORE: {
    message:
      'the coordinator key has signed another {kind} for run {run} round {round}: {signed}, not {asked}',
    hint: 'The database is older than <data>/signing.log: restore a newer backup, or stop the run and launch it anew. Never remove the log.',
    status: 409,
    disposition: 'fatal',
  },
  ROUND_RUN_RESTORED: {
    message:
      'the coordinator was restored from a backup of {at}, and what it signed for run {run} after that is not known here',
    hint: 'Launch the run anew. Its closed rounds can be read and audited.',
    status: 409,
    disposition: 'fatal',
  },
  ROUND_NEW_KEY: {
    message:
      'run {run} round {round} asks for key epoch {asked} of this node, which signs with {own}',
    hint: 'After `tally node key rotate` the node goes over to the new key by itself; if this stays, run that command again.',
    status: 409,
    disposition: 'fix',
  },
  ROUND_VOID: {
    message: 'the chain has voided round {round} of run {run}',
    hint: 'Nothing to do: the run goes on from the last round that counts.',
    status: 409,
    disposition: 'retry',
  },
  ROUND_VOID_UNCONFIRMED: {
    message: 'rounds {from} to {last} of run {run} are not void on the chain',
    hint: 'The coordinator says so, and is asked again.',
    status: 409,
    disposition: 'retry',
  },
  ROUND_NOT_MEMBER: {
    message: 'node {node} is not in the cohort of run {run} round {round}',
    hint: 'Nothing to do: it will be asked when it is.',
    status: 403,
    disposition: 'refuse',
  },
  ROUND_CONSENT_WITHDRAWN: {
    message: 'the owner of node {node} no longer consents to run {run}',
    hint: 'Nothing to do: the update is not counted.',
    status: 403,
    disposition: 'refuse',
  },
  ROUND_DUPLICATE: {
    message: 'node {node} already contributed to run {run} round {round}',
    hint: 'Nothing to do: the first contribution counts.',
    status: 409,
    disposition: 'fix',
  },
  ROUND_WRONG_TASK: {
    message: 'the receipt is for another task of run {run} round {round}',
    hint: 'Reconnect and take the current task.',
    status: 409,
    disposition: 'refuse',
  },
  ROUND_BAD_SIGNATURE: {
    message: 'the {record} of node {node} is not signed by its key',
    hint: 'Check that the node uses its registered key.',
    status: 400,
    disposition: 'refuse',
  },
  ROUND_NO_EXAMPLES: {
    message: 'node {node} declared {numExamples} examples',
    hint: 'A contribution needs at least one training row.',
    status: 400,
    disposition: 'refuse',
  },
  ROUND_PREV_UNKNOWN: {
    message: 'the task of round {round} does not continue the last signed header this site holds',
    hint: 'Kept as evidence; ask the operator what happened to the rounds in between.',
    status: 409,
    disposition: 'refuse',
  },
  ROUND_MODEL_NOT_FINITE: {
    message:
      'the step of round {round} gives a value that is not finite; the round is closed empty',
    hint: 'Lower the server learning rate.',
    status: 500,
    disposition: 'fatal',
  },
  ROUND_TOO_FEW: {
    message: '{included} of at least {min} nodes contributed to round {round}: {missing}',
    hint: 'See who declined or was silent: `tally run show {run}`.',
    status: 409,
    disposition: 'retry',
  },
  ROUND_RUN_FAILED: {
    message: 'run {run} failed: {reason}',
    hint: 'See who declined or was silent: `tally run show {run}`.',
    status: 500,
    disposition: 'fatal',
  },
  ROUND_RUN_CANCELLED: {
    message: 'run {run} was stopped',
    hint: 'Launch it again to train further.',
    status: 409,
    disposition: 'fatal',
  },
  ROUND_WEIGHTS_TOO_LARGE: {
    message: '{cohort} nodes cannot be weighted below 2^22',
    hint: 'Use a smaller cohort.',
    status: 400,
    disposition: 'fix',
  },
  ROUND_TASK_INVALID: {
    message: 'the task of run {run} round {round} does not hold: {reason}',
    hint: 'Kept as evidence; ask the operator, or send the receipt log to an auditor.',
    status: 409,
    disposition: 'refuse',
  },
  ROUND_HEADER_DIFFERS: {
    message: 'the header of run {run} round {round} contradicts what this site holds: {reason}',
    hint: 'Kept as evidence; send the receipt log to an auditor.',
    status: 409,
    disposition: 'refuse',
  },
  ROUND_PROMISE_BROKEN: {
    message: 'round {round} of run {run} closed without the update it had promised to include',
    hint: 'Kept as evidence; send the receipt log to an auditor.',
    status: 409,
    disposition: 'refuse',
  },
  ROUND_PROMISE_WITHHELD: {
    message:
      'the coordinator of run {run} neither promised nor refused the update of round {round}',
    hint: 'Kept as evidence for an auditor; the chain cannot decide it.',
    status: 409,
    disposition: 'refuse',
  },
  ROUND_EXCLUSION_FALSE: {
    message:
      'round {round} of run {run} excludes this site for a reason its log contradicts: {reason}',
    hint: 'Kept as evidence; send it to an auditor.',
    status: 409,
    disposition: 'refuse',
  },
  ROUND_INCLUSION_INVALID: {
    message:
      'the proof that round {round} of run {run} holds the update of this site fails: {reason}',
    hint: 'Kept as evidence; send the receipt log to an auditor.',
    status: 409,
    disposition: 'refuse',
  },
} as const;
