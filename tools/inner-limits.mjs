// @ts-check
/**
 * Bounds of queues, buffers and caches inside the processes, for docs/limits.md. Each names the constant that
 * enforces it; the value is read from the source, so the page cannot say another one.
 */
import { readFileSync } from 'node:fs';

/** @type {readonly (readonly [file: string, constant: string, unit: string, what: string])[]} */
const LIMITS = [
  ['libs/aggregation/src/manifest.ts', 'MAX_PARAMETERS', '', 'Parameters of a model.'],
  ['libs/aggregation/src/manifest.ts', 'MAX_TENSORS', '', 'Tensors of a model.'],
  [
    'libs/rounds/src/genesis-model.ts',
    'MAX_SCAFFOLD_PARAMETERS',
    '',
    'Parameters of a model that is trained with SCAFFOLD.',
  ],
  ['libs/aggregation/src/safetensors.ts', 'MAX_HEADER_BYTES', 'bytes', 'Header of a model file.'],
  ['libs/compute/src/worker-pool.ts', 'MAX_PENDING', '', 'Tasks waiting for one fold thread.'],
  [
    'libs/compute/src/update-files.ts',
    'MAX_HANDLES',
    '',
    'Update files that a fold thread keeps open while it compares them.',
  ],
  [
    'libs/rounds/src/round-actor.ts',
    'MESSAGES_PER_NODE',
    '',
    'Messages of one node waiting in a round.',
  ],
  ['libs/rounds/src/run-loop.ts', 'KEPT_ROUNDS', '', 'Results kept for nodes that were away.'],
  [
    'libs/rounds/src/run-loop.ts',
    'MAX_FAULTS',
    '',
    'Failures of a port in a row before a run ends.',
  ],
  [
    'libs/rounds/src/in-memory-journal.ts',
    'KEPT_ROUNDS',
    '',
    'Closed rounds a simulation keeps whole.',
  ],
  [
    'libs/telemetry/src/otlp-trace.ts',
    'MAX_QUEUE',
    '',
    'Steps of rounds that wait for a collector of traces.',
  ],
  [
    'libs/sandbox/src/backup/manifest.ts',
    'MAX_MANIFEST_BYTES',
    'bytes',
    'The manifest of a backup.',
  ],
  ['apps/coordinator/src/runs/run-service.ts', 'MAX_QUEUED', '', 'Runs that wait for a place.'],
  [
    'libs/payout/src/contribution/rules.ts',
    'MAX_SCORED_VALUES',
    '',
    'Numbers of one scored round: contributions × parameters.',
  ],
  [
    'libs/payout/src/contribution/score-sheet.ts',
    'MAX_SHEET_CHARS',
    'characters',
    'The score sheet of an epoch.',
  ],
  ['libs/training/src/serial-queue.ts', 'MAX_WAITING', '', 'Requests waiting for a trainer.'],
  ['libs/training/src/data/load-dataset.ts', 'MAX_CSV_BYTES', 'bytes', 'A CSV file.'],
  ['libs/training/src/data/csv-parser.ts', 'MAX_RECORD_CHARS', 'characters', 'One CSV record.'],
  ['libs/training/src/data/csv-parser.ts', 'MAX_COLUMNS', '', 'Columns of a CSV file.'],
  ['libs/training/src/data/table.ts', 'MAX_RAW_VALUES', '', 'Cells that are read of a CSV file.'],
  [
    'libs/training/src/data/prepare-dataset.ts',
    'MAX_PREPARED_VALUES',
    '',
    'Inputs after one-hot encoding.',
  ],
  ['libs/training/src/dataset-cache.ts', 'MAX_ENTRIES', '', 'Prepared data sets kept in memory.'],
  ['libs/training/src/dataset-cache.ts', 'MAX_BYTES', 'bytes', 'Their size together.'],
  ['libs/site/src/log/log-line.ts', 'MAX_LINE_BYTES', 'bytes', 'A line of the receipt log.'],
  ['libs/site/src/evidence/evidence-file.ts', 'MAX_EVIDENCE_BYTES', 'bytes', 'An evidence file.'],
  ['libs/site/src/evidence/evidence-folder.ts', 'MAX_FILES', '', 'Evidence files of a site.'],
  ['libs/site/src/tasks/task-journal.ts', 'MAX_TASKS', '', 'Tasks that the page of a site shows.'],
  [
    'libs/site/src/tasks/task-journal.ts',
    'MAX_LINES',
    '',
    'Lines of a site’s `tasks.log` before it is written anew.',
  ],
  ['libs/site/src/tasks/task-journal.ts', 'MAX_WAITING', '', 'Changes of tasks not written yet.'],
  [
    'libs/site/src/tasks/task-journal.ts',
    'MAX_BYTES',
    'bytes',
    'A `tasks.log` that is read at the start; a longer one is forgotten.',
  ],
  [
    'apps/client-node/src/page/log-tail.ts',
    'MAX_LINES',
    '',
    'Log lines that the page of a site shows.',
  ],
  [
    'apps/client-node/src/page/page-sessions.ts',
    'MAX_TICKETS',
    '',
    'Links to the page of a site that were not used yet.',
  ],
  [
    'apps/client-node/src/page/page-sessions.ts',
    'MAX_SESSIONS',
    '',
    'Windows signed in to the page of a site.',
  ],
  [
    'apps/client-node/src/page/page-sessions.ts',
    'MAX_REFUSED',
    '',
    'Refused sign-ins at the page of a site in a minute.',
  ],
  [
    'apps/client-node/src/page/site-page.ts',
    'MAX_CONNECTIONS',
    '',
    'Connections to the page of a site.',
  ],
  [
    'apps/client-node/src/page/read-body.ts',
    'MAX_BODY_BYTES',
    'bytes',
    'A request to the page of a site.',
  ],
  [
    'apps/client-node/src/page/site-acts.ts',
    'MAX_WAITING',
    '',
    'Acts of that page that wait for one another.',
  ],
  [
    'apps/client-node/src/page/site-books.ts',
    'MAX_RUNS',
    '',
    'Runs whose consents and earnings that page shows.',
  ],
  ['apps/client-node/src/page/site-books.ts', 'MAX_FAULTS', '', 'Faults that that page shows.'],
  [
    'libs/site/src/agent/result-desk.ts',
    'MAX_ASKED_COHORT',
    '',
    'Cohort whose round a site asks for without a promise.',
  ],
  [
    'libs/site/src/agent/result-desk.ts',
    'MAX_UNANSWERED',
    '',
    'Receipts without a verdict that a site remembers.',
  ],
  [
    'libs/site/src/agent/anchor-watch.ts',
    'MAX_ROUNDS',
    '',
    'Headers compared with the chain at once.',
  ],
  ['libs/site/src/agent/anchor-watch.ts', 'MAX_RUNS', '', 'Runs compared with the chain.'],
  [
    'apps/coordinator/src/signing/signing-log.ts',
    'MAX_PLACES',
    '',
    'Signatures whose place in the signing log is remembered.',
  ],
  [
    'apps/coordinator/src/signing/signing-log.ts',
    'MAX_RUNS',
    '',
    'Runs whose newest signed round is remembered.',
  ],
  [
    'libs/chain/src/client/commit-blocks.ts',
    'KEPT_BLOCKS',
    '',
    'Blocks of commits that are remembered.',
  ],
  ['libs/site/src/log/log-memory.ts', 'MAX_RUNS', '', 'Runs a receipt log can be about.'],
  [
    'libs/site/src/log/log-memory.ts',
    'MAX_ROUNDS',
    '',
    'Rounds a node keeps in memory; older ones stay in the log.',
  ],
  ['libs/site/src/agent/task-desk.ts', 'MAX_IN_FLIGHT', '', 'Tasks a site works on at once.'],
  [
    'libs/site/src/agent/contradiction.ts',
    'MAX_EVIDENCE_PER_ROUND',
    '',
    'Evidence lines of one round.',
  ],
  [
    'apps/cli/src/simulate/simulate.ts',
    'KEPT_CONTENTS',
    '',
    'Rounds whose leaves and exclusions a simulation keeps.',
  ],
  [
    'apps/cli/src/simulate/remembered-ed25519.ts',
    'MAX_REMEMBERED',
    '',
    'Signatures that held, remembered by a simulation.',
  ],
  ['apps/client-node/src/link/job-desk.ts', 'MAX_WAITING', '', 'Jobs waiting at a node.'],
  ['apps/client-node/src/link/frame-channel.ts', 'MAX_INBOX', '', 'Frames waiting at a node.'],
  [
    'apps/coordinator/src/fleet/node-session.ts',
    'MAX_WAITING_FRAMES',
    '',
    'Frames of one node waiting at the coordinator.',
  ],
  [
    'apps/coordinator/src/fleet/ws-wire.ts',
    'MAX_BUFFERED_BYTES',
    'bytes',
    'Unsent bytes of one socket before it is closed.',
  ],
  [
    'apps/coordinator/src/fleet/upload-desk.ts',
    'MAX_BEGINS',
    '',
    'Uploads of one round that a node may begin in one session.',
  ],
  [
    'apps/coordinator/src/models/downloads.ts',
    'MAX_DOWNLOADS',
    '',
    'Downloads at once; more get 503 and `Retry-After`.',
  ],
  [
    'apps/coordinator/src/models/downloads.ts',
    'MAX_STREAMS',
    '',
    'Downloads at once of blobs that are too large to be shared in memory.',
  ],
  [
    'apps/coordinator/src/models/downloads.ts',
    'MAX_HOT_BYTES',
    'bytes',
    'A blob that all its downloads share in memory.',
  ],
  [
    'apps/coordinator/src/fleet/paced-queue.ts',
    'MAX_WAITING',
    '',
    'Offers and results that wait for their turn to be sent.',
  ],
  ['apps/coordinator/src/persistence/event-feed.ts', 'MAX_WATCHERS', '', 'Event streams at once.'],
  [
    'apps/coordinator/src/ledger/commit-publisher.ts',
    'MAX_BATCH',
    '',
    'Rounds in one transaction.',
  ],
  ['libs/chain/src/embedded/embedded-chain.ts', 'MAX_EXTRINSIC_BYTES', 'bytes', 'A transaction.'],
  [
    'libs/chain/src/embedded/block-log.ts',
    'MAX_RECORD_BYTES',
    'bytes',
    'A block in the block log.',
  ],
  [
    'libs/chain/src/embedded/block-store.ts',
    'KEPT_STATES',
    '',
    'States of the chain kept readable.',
  ],
  ['libs/chain/src/embedded/embedded-chain.ts', 'MAX_LISTENERS', '', 'Listeners of the chain.'],
  [
    'libs/chain/src/embedded/rpc/serve-rpc.ts',
    'MAX_PENDING_MESSAGES',
    '',
    'Requests of one connection that are not answered yet.',
  ],
  ['libs/audit/src/bundle/bundle-reader.ts', 'MAX_FILES', '', 'Files of an evidence bundle.'],
  ['apps/coordinator/src/persistence/user-rows.ts', 'MAX_USERS', '', 'Users of a coordinator.'],
  [
    'apps/coordinator/src/persistence/user-rows.ts',
    'MAX_GROUPS',
    '',
    'Groups of the identity provider that have a role.',
  ],
  [
    'apps/coordinator/src/persistence/session-rows.ts',
    'MAX_SESSIONS',
    '',
    'Sessions of one user; the one not used for longest makes room.',
  ],
  [
    'apps/coordinator/src/persistence/session-rows.ts',
    'MAX_TICKETS',
    '',
    'Sign-in links that were not used yet; the oldest makes room.',
  ],
  ['apps/coordinator/src/persistence/token-rows.ts', 'MAX_TOKENS', '', 'API tokens of one user.'],
  [
    'apps/coordinator/src/auth/rate-limit.ts',
    'MAX_KEYS',
    '',
    'Addresses or names whose attempts are counted at once.',
  ],
  [
    'apps/coordinator/src/auth/passwords.ts',
    'MAX_WAITING',
    '',
    'Passwords waiting to be hashed, one at a time.',
  ],
  ['libs/telemetry/src/metrics.ts', 'MAX_SERIES', '', 'Series of one metric.'],
];

/** @param {string} expression numbers with `_`, joined by `**`, `*` and `<<` @returns {number} */
function evaluate(expression) {
  /** @param {string} text */
  const number = (text) => Number(text.trim().replaceAll('_', ''));
  /** @param {string} text */
  const power = (text) =>
    text
      .split('**')
      .map(number)
      .reduceRight((a, b) => b ** a);
  /** @param {string} text */
  const product = (text) =>
    text
      .split(/(?<!\*)\*(?!\*)/)
      .map(power)
      .reduce((a, b) => a * b);
  return expression
    .split('<<')
    .map(product)
    .reduce((a, b) => a * 2 ** b);
}

/**
 * @param {string} root of the repository
 * @returns {{ room: string, what: string, value: number, unit: string }[]}
 */
export function innerLimits(root) {
  return LIMITS.map(([file, constant, unit, what]) => {
    const source = readFileSync(`${root}/${file}`, 'utf8');
    const found = new RegExp(`const ${constant}(?:: number)? = ([^;]+);`).exec(source)?.[1];
    if (found === undefined) throw new Error(`${file} has no constant ${constant}`);
    const room = file.split('/').slice(0, 2).join('/');
    return { room, what, value: evaluate(found), unit };
  });
}
