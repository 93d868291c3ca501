/**
 * site: what a node is, without its socket.
 *
 * Its keys and its node.yaml, the policy and the datasets in it, the receipt log, and SiteAgent, which answers offers
 * and checks results. The client node drives it over a WebSocket, `simulate` in one process; an auditor reads the
 * log (`readNodeLog`) as an anchor. `join` registers a node with its invite.
 *
 * Invariants: at most one receipt per (chain, run, round), for ever; an update file is durable before its log line,
 * and the line before the receipt leaves; signed records that contradict each other are kept as evidence; a decline
 * shows nothing of the site's data.
 *
 * It refuses to speak to anybody but the coordinator, to trust what the coordinator says without a signature or a hash, and to send a key,
 * a row or a cell.
 */
export type { SiteAgentDeps, SiteIdentity, SiteProgress } from './agent/agent-context.js';
export type { Conclusion } from './agent/result-desk.js';
export type { AnchoredHeader, ChainView } from './agent/anchor-watch.js';
export { followKey } from './agent/follow-key.js';
export type { RoundContents, RunSource } from './agent/run-source.js';
export { trainUpdate } from './agent/train-update.js';
export { SiteAgent, type SiteEvaluation } from './agent/site-agent.js';
export type { Answer } from './agent/task-desk.js';
export {
  addDataset,
  datasetPath,
  loadSiteConfig,
  parseSiteConfig,
  writeSiteConfig,
} from './config/config-file.js';
export {
  coordinatorPins,
  coordinatorUrls,
  isLoopback,
  PageConfig,
  SiteConfig,
  SitePolicy,
} from './config/node-config.js';
export {
  type ConsentLedger,
  type ConsentTerms,
  grantConsent,
  type OwnedSite,
  policyHash,
  revokeConsent,
} from './consent/owner-consent.js';
export { datasetShape, type DatasetShape } from './datasets/dataset-shape.js';
export { keepOwnConsent, OwnConsent, readOwnConsents } from './consent/own-consents.js';
export { join, type Joined, type JoinOptions } from './enrol/join.js';
export {
  type OwnerActOptions,
  revokeOwnNode,
  type RotatedKey,
  rotateNodeKey,
} from './enrol/owner-acts.js';
export {
  CoordinatorApi,
  type CoordinatorApiOptions,
  type DownloadRequest,
} from './http/coordinator-api.js';
export {
  exposedKeys,
  loadNodeKey,
  loadOwnerKey,
  loadOrCreateKeys,
  saltSecret,
  type SiteKeys,
} from './keystore.js';
export { checkEvidence } from './evidence/check-evidence.js';
export { EvidenceFolder } from './evidence/evidence-folder.js';
export { type EvidenceFile, MAX_EVIDENCE_BYTES, parseEvidence } from './evidence/evidence-file.js';
export { explainEvidence } from './evidence/explain-evidence.js';
export {
  type Court,
  fileEvidence,
  type FilingOutcome,
  followDemand,
} from './evidence/file-evidence.js';
export { type Filing, filingOf } from './evidence/filing.js';
export { Intake } from './intake/intake.js';
export { LogLine } from './log/log-line.js';
export type { RoundMemory } from './log/log-memory.js';
export {
  type LoggedRecord,
  type LoggedTask,
  type NodeLog,
  readNodeLog,
} from './log/read-node-log.js';
export { ReceiptLog, type ReceiptLogOptions } from './log/receipt-log.js';
export { adoptRotation, isRotationNoted } from './rotation.js';
export { readDoorFile, removeDoorFile, writeDoorFile } from './page/door-file.js';
export type { TaskChange } from './tasks/task-change.js';
export { TaskJournal } from './tasks/task-journal.js';
export { judgeProposal } from './site-policy.js';
export { dial, peerCertificate } from './way/dial.js';
export { type Fetch, fetchByWay } from './way/fetch-by-way.js';
export { type ProxyRule, proxyRule } from './way/proxy-rule.js';
export { STRAIGHT, type Way } from './way/way.js';
