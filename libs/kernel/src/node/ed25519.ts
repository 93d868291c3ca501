import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  asPublicKey,
  asSignature,
  type Ed25519,
  fromHex,
  type PublicKey,
  type Signature,
  type Signer,
  toHex,
} from '../index.js';
import { durableWrite } from './durable-write.js';

/** DER before the 32 key bytes (RFC 8410 §4 and §7). */
const SPKI_PREFIX = fromHex('302a300506032b6570032100');
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420');

/** A signer that can also be written to a key file. The private key never leaves it in any other way. */
export interface NodeSigner extends Signer {
  /** PKCS#8 PEM, for `saveKey` alone. */
  toPem(): string;
}

/** Public keys kept as OpenSSL has them: reading one takes as long as a verification. */
const MAX_KEPT_KEYS = 4_096;
/** Those used last, oldest first. */
const kept = new Map<PublicKey, KeyObject>();

/** Throws when these bytes are no key. */
function publicKeyOf(key: PublicKey): KeyObject {
  let found = kept.get(key);
  if (found === undefined) {
    const der = Buffer.concat([SPKI_PREFIX, fromHex(key)]);
    found = createPublicKey({ key: der, format: 'der', type: 'spki' });
  } else {
    kept.delete(key);
  }
  kept.set(key, found);
  const [oldest] = kept.size > MAX_KEPT_KEYS ? kept.keys() : [];
  if (oldest !== undefined) kept.delete(oldest);
  return found;
}

/** Ed25519 by node:crypto (OpenSSL: cofactorless, S < L, R compared as bytes). */
export const ed25519: Ed25519 = {
  verify(key, message, signature) {
    try {
      return verify(null, message, publicKeyOf(key), fromHex(signature));
    } catch {
      return false;
    }
  },
};

/** `ed25519.verify` on a thread of libuv's pool: as many at once as it has threads. Never rejects. */
export function verifyInPool(
  key: PublicKey,
  message: Uint8Array,
  signature: Signature,
): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      verify(null, message, publicKeyOf(key), fromHex(signature), (error, isSigned) => {
        resolve(error === null && isSigned);
      });
    } catch {
      resolve(false);
    }
  });
}

function signerOf(privateKey: KeyObject): NodeSigner {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    key: asPublicKey(toHex(new Uint8Array(spki.subarray(SPKI_PREFIX.length)))),
    sign: (message) => asSignature(sign(null, message, privateKey).toString('hex')),
    toPem: () => privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

/** A fresh key from the operating system's generator. */
export function generateKey(): NodeSigner {
  return signerOf(generateKeyPairSync('ed25519').privateKey);
}

/** The key of a 32-byte seed (RFC 8032 §5.1.5): tests and vectors. */
export function signerFromSeed(seed: Uint8Array): NodeSigner {
  if (seed.length !== 32) throw new RangeError(`an Ed25519 seed has 32 bytes, got ${seed.length}`);
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  return signerOf(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

/** Writes the key durably with mode 0600. */
export async function saveKey(path: string, signer: NodeSigner): Promise<void> {
  await durableWrite(path, signer.toPem(), 0o600);
}

/** Reads a PKCS#8 PEM key file; rejects with the file system's error when it is not there. */
export async function loadKey(path: string): Promise<NodeSigner> {
  return signerOf(createPrivateKey(await readFile(path)));
}

/** Reads the key at `path`, or makes and saves one when there is no file. */
export async function loadOrCreateKey(path: string): Promise<NodeSigner> {
  try {
    return await loadKey(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const signer = generateKey();
  await saveKey(path, signer);
  return signer;
}
