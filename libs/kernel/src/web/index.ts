/**
 * kernel/web: the ports of kernel where there is no Node. Bit for bit what `kernel/node` answers, ten times as slow.
 */
export { ed25519 } from './ed25519.js';
export { sha256 } from './sha256.js';
