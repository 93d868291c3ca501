/**
 * The Node implementations of kernel's ports: SHA-256 and Ed25519 of node:crypto, the system clock and entropy,
 * key files (PKCS#8, mode 0600), durable file writes, lock files, and what every server of a page needs: its files from
 * memory, and who asks for them. The only place of the isomorphic rooms that may import `node:*`.
 */
export { assertSameSite, isSafe } from './cross-site.js';
export { durableWrite, fsyncFolder } from './durable-write.js';
export {
  ed25519,
  generateKey,
  loadKey,
  loadOrCreateKey,
  type NodeSigner,
  saveKey,
  signerFromSeed,
  verifyInPool,
} from './ed25519.js';
export { hasErrno } from './has-errno.js';
export { type LinkedAborts, linkAborts, untilAborted } from './link-aborts.js';
export { type AcquireOptions, LockFile, type LockHolder } from './lock-file.js';
export { openFilesLimit } from './open-files-limit.js';
export { type PageHandler, pageHandler } from './page-handler.js';
export { processBirth } from './process-birth.js';
export { type SelfSigned, selfSigned } from './self-signed.js';
export { sha256 } from './sha256.js';
export { spkiPin } from './spki-pin.js';
export { systemClock } from './system-clock.js';
export { systemEntropy } from './system-entropy.js';
