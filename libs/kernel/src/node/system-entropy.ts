import { randomBytes } from 'node:crypto';
import type { Entropy } from '../index.js';

/** The operating system's generator. */
export const systemEntropy: Entropy = { bytes: (length) => new Uint8Array(randomBytes(length)) };
