/**
 * kernel/crypto: SHA-256 and Ed25519 for code that runs on both sides. This is Node's half; a bundler for the browser
 * resolves the same name to `kernel/web` (the `browser` condition of package.json).
 */
export { ed25519 } from '../node/ed25519.js';
export { sha256 } from '../node/sha256.js';
