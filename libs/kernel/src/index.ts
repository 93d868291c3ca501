/**
 * kernel: the few words every room shares.
 *
 * Branded values (a hash is lower-case hex, never bytes), TallyError with its catalogue of codes, and the
 * ports Clock, Entropy, Sha256, Ed25519, Signer and Logger. `./node` holds their Node implementations,
 * `./testing` the deterministic ones.
 *
 * Invariants: no IO, no globals, no dependency; runs in a browser. It refuses to grow helpers that only one
 * room needs.
 */
export { assertNever } from './assert-never.js';
export * from './bytes.js';
export type { Clock, Timer } from './clock.js';
export type { Ed25519, Signer } from './ed25519.js';
export type { Entropy } from './entropy.js';
export { CATALOGUE, ERROR_FAMILIES, type ErrorCode } from './errors/catalogue.js';
export { EXIT, exitCodeOf } from './errors/exit-codes.js';
export type { Disposition, ErrorSpec } from './errors/error-spec.js';
export { type ErrorMeta, isTallyError, TallyError } from './errors/tally-error.js';
export * from './ids.js';
export type { Logger, LogFields } from './logger.js';
export { redact } from './redact.js';
export { SerialQueue } from './serial-queue.js';
export type { Sha256 } from './sha256.js';
export { sleep } from './sleep.js';
export type { StopSignal } from './stop-signal.js';
