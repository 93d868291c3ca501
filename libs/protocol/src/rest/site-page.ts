import { z } from 'zod';
import { decimal, hash, nodeId, publicKey, roundNumber, runId, timeMs } from '../wire-types.js';

/** Names of columns that a task shows; the rest is a number. */
const MAX_SHOWN_COLUMNS = 32;
const MAX_LAYERS = 64;

const text = z.string().max(2_000);
const count = z.int().min(0);

/** What a run asks of a site, as its spec says it. */
export const SiteAsk = z.strictObject({
  name: z.string(),
  /** GA4GH DUO code. */
  purpose: z.string(),
  spec: hash,
  dataset: z.string(),
  label: z.string(),
  columns: z.array(z.string()).max(MAX_SHOWN_COLUMNS),
  /** Columns that the run reads, the label not among them. */
  columnCount: count,
  /** Units of each layer. */
  layers: z.array(count).max(MAX_LAYERS),
  loss: z.string(),
  steps: count.nullable(),
  epochs: count.nullable(),
  batchSize: count,
  learningRate: z.number(),
  strategy: z.string(),
  robust: z.string().nullable(),
  /** Longest update that counts; longer ones are scaled down. */
  clipNorm: z.number().nullable(),
  codec: z.string(),
  /** Share of the positions that is sent; null: all of them. */
  topPpm: count.nullable(),
  isAsynchronous: z.boolean(),
  needsConsent: z.boolean(),
  rounds: count,
});
export type SiteAsk = z.infer<typeof SiteAsk>;

/** What left the site for one task. */
export const SiteSent = z.strictObject({
  sha256: hash,
  bytes: count,
  /** Euclidean, in the model's units; null when it was sent by an earlier process. */
  norm: z.number().nullable(),
  /** Rows that it was trained on. */
  rows: count,
  /** Nano-units; null when it was not measured. */
  lossBefore: z.number().nullable(),
  lossAfter: z.number().nullable(),
  signedAtMs: timeMs,
});
export type SiteSent = z.infer<typeof SiteSent>;

/**
 * `asked`: before anything was done. `working`: see `stage`. `signed`: the update is ready and on its way. `promised`: the
 * coordinator signed that it counts. `counted`, `uncounted`: the round is closed. `refused`: by the coordinator.
 * `declined`: by this site.
 */
export const SITE_TASK_STATES = [
  'asked',
  'working',
  'signed',
  'promised',
  'counted',
  'uncounted',
  'refused',
  'declined',
] as const;

/** One task of one round, before and after it ran. */
export const SiteTask = z.strictObject({
  run: runId,
  round: roundNumber,
  task: hash,
  state: z.enum(SITE_TASK_STATES),
  stage: z.enum(['download', 'train', 'encode']).nullable(),
  askedAtMs: timeMs,
  changedAtMs: timeMs,
  cohort: count,
  /** Null while the spec of the run was not read. */
  ask: SiteAsk.nullable(),
  sent: SiteSent.nullable(),
  /** Why it was declined or refused. */
  reason: z.strictObject({ code: z.string(), message: text, hint: text }).nullable(),
});
export type SiteTask = z.infer<typeof SiteTask>;

/** `GET /tasks` of a site's page: newest first. */
export const SiteTaskList = z.strictObject({ tasks: z.array(SiteTask) });
export type SiteTaskList = z.infer<typeof SiteTaskList>;

/** Does the site take tasks? */
export const INTAKE_STATES = ['open', 'paused', 'withdrawn'] as const;
export type IntakeState = (typeof INTAKE_STATES)[number];

/** `GET /site` of a site's page. */
export const SiteView = z.strictObject({
  node: nodeId,
  name: z.string(),
  organisation: z.string(),
  nodeKey: publicKey,
  chain: hash,
  coordinatorKey: publicKey,
  coordinators: z.array(z.string()),
  startedAtMs: timeMs,
  link: z.strictObject({
    isConnected: z.boolean(),
    url: z.string().nullable(),
    sinceMs: timeMs,
    /** What ended the last connection. */
    reason: text.nullable(),
  }),
  intake: z.strictObject({ state: z.enum(INTAKE_STATES), sinceMs: timeMs.nullable() }),
  policy: z.strictObject({
    purposes: z.array(z.string()),
    minCohort: count,
    models: z.union([z.literal('any'), z.array(z.string())]),
    onFault: z.enum(['record', 'dispute', 'stop']),
  }),
  retentionDays: z.number(),
  /** Where this site reaches the chain itself. */
  chainUrl: z.string().nullable(),
  /** Consents can be signed here: the owner key lies in the folder. */
  hasOwnerKey: z.boolean(),
});
export type SiteView = z.infer<typeof SiteView>;

/** A CSV file by its shape: never a value of it. */
export const SiteDataset = z.strictObject({
  name: z.string(),
  file: z.string(),
  bytes: count.nullable(),
  rows: count.nullable(),
  columns: z.array(z.string()),
  columnCount: count,
  /** What runs took as the label so far. */
  labels: z.array(z.string()),
  fault: text.nullable(),
});
export type SiteDataset = z.infer<typeof SiteDataset>;

/** `GET /datasets` of a site's page. */
export const SiteDatasetList = z.strictObject({ datasets: z.array(SiteDataset) });
export type SiteDatasetList = z.infer<typeof SiteDatasetList>;

const ConsentTerms = z.strictObject({
  fromRound: roundNumber,
  untilRound: roundNumber,
  untilMs: timeMs,
  purposes: z.array(count),
  fromBlock: count,
  revokedAtBlock: count.nullable(),
});

/** What this site and the chain hold about one run. */
export const SiteConsent = z.strictObject({
  run: runId,
  name: z.string().nullable(),
  /** Null where the run asks for none, or the spec was not read. */
  isNeeded: z.boolean().nullable(),
  /** What the owner last signed here. */
  own: ConsentTerms.nullable(),
  /** What the chain holds; null: none, or it was not asked. */
  onChain: ConsentTerms.nullable(),
});
export type SiteConsent = z.infer<typeof SiteConsent>;

/** `GET /consents` of a site's page. */
export const SiteConsentList = z.strictObject({
  /** Why the chain was not asked; null when it was. */
  fault: text.nullable(),
  consents: z.array(SiteConsent),
});
export type SiteConsentList = z.infer<typeof SiteConsentList>;

/** A fault of the coordinator that this site can show. */
export const SiteFault = z.strictObject({
  file: z.string(),
  run: runId,
  round: roundNumber,
  kind: z.string(),
  sentences: z.array(z.string()),
});
export type SiteFault = z.infer<typeof SiteFault>;

/** `GET /evidence` of a site's page: what both sides signed, and what does not fit. */
export const SiteEvidence = z.strictObject({
  /** Of the tasks that are remembered. */
  counts: z.strictObject({ receipts: count, promises: count, counted: count, declines: count }),
  faults: z.array(SiteFault),
  /** Files in the folder, shown or not. */
  faultCount: count,
});
export type SiteEvidence = z.infer<typeof SiteEvidence>;

/** What a run paid the account of this site, as the coordinator says it. */
export const SiteEarning = z.strictObject({
  run: runId,
  name: z.string().nullable(),
  account: z.string(),
  entitled: decimal,
  paid: decimal,
  due: decimal,
});
export type SiteEarning = z.infer<typeof SiteEarning>;

/** `GET /earnings` of a site's page. */
export const SiteEarningList = z.strictObject({
  fault: text.nullable(),
  /** Accounts that were looked for. */
  accounts: z.array(z.string()),
  earnings: z.array(SiteEarning),
});
export type SiteEarningList = z.infer<typeof SiteEarningList>;

/** `GET /log` of a site's page: newest first. */
export const SiteLog = z.strictObject({
  lines: z.array(
    z.strictObject({
      atMs: timeMs,
      level: z.enum(['info', 'warn', 'error']),
      event: z.string(),
      text: z.string(),
    }),
  ),
});
export type SiteLog = z.infer<typeof SiteLog>;

/** `POST /intake` of a site's page. */
export const IntakeRequest = z.strictObject({ state: z.enum(['open', 'paused']) });
export type IntakeRequest = z.infer<typeof IntakeRequest>;

/** `POST /consents/grant` of a site's page; the purposes are those of node.yaml. */
export const GrantRequest = z.strictObject({
  run: runId,
  /** The last moment that it covers. */
  untilMs: timeMs,
});
export type GrantRequest = z.infer<typeof GrantRequest>;

/** `POST /consents/revoke` of a site's page. */
export const RevokeRequest = z.strictObject({ run: runId });
export type RevokeRequest = z.infer<typeof RevokeRequest>;

/** Answer to `POST /withdraw` of a site's page: no task is taken any more; what became of the consents. */
export const Withdrawal = z.strictObject({
  revoked: z.array(z.strictObject({ run: runId, block: count })),
  failed: z.array(z.strictObject({ run: runId, code: z.string(), message: text })),
});
export type Withdrawal = z.infer<typeof Withdrawal>;

/** `POST /auth/link` of a site's page: the ticket of a one-time link, or the token of the site's token file. */
export const SiteSignIn = z.strictObject({ ticket: z.string().min(1).max(512) });

/** Its answer: the bearer token of this window. */
export const SiteSession = z.strictObject({ session: z.string() });
export type SiteSession = z.infer<typeof SiteSession>;

/** Answer to `POST /auth/tickets` of a site's page: its address, with a one-time ticket where links open it. */
export const SiteLink = z.strictObject({ link: z.string() });
