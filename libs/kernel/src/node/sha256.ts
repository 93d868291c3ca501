import { createHash } from 'node:crypto';
import type { Hash, Sha256 } from '../index.js';

/** SHA-256 by node:crypto (1.6–1.8 GB/s). */
export const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex') as Hash;
};
