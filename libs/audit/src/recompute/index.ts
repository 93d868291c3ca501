/**
 * recompute: the steps of the audit where there is no bundle and no Node: over a chain that is read with proofs, and files
 * that come by REST. The page of the coordinator runs it; `verifyBundle` plays the same steps over a folder.
 *
 * It refuses to execute blocks, to read a model, and to believe an answer that it cannot check against a state root.
 */
export { type ChainRpc, MAX_CALLS, type RpcRequest } from './chain-rpc.js';
export { type Finding, type StepId, STEPS } from '../findings.js';
export { RECORD_STEPS, type StepEntry } from '../play-steps.js';
export { NOT_PROVED, type StepResult } from '../report.js';
export { type Fetch } from './rest-files.js';
export { readItems, type StoredItem } from './read-items.js';
export { type Progress, recomputeRun, type Recomputed } from './recompute-run.js';
