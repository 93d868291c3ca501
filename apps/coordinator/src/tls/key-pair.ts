import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { TallyError } from '@tallystick/kernel';
import { spkiPin } from '@tallystick/kernel/node';

/** A certificate with its chain, and the key it is for, as PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Where a key pair comes from; asked again and again, so that a new one is taken up. */
export type KeyPairSource = () => Promise<KeyPair>;

/** The operator's files. */
export function filesSource(files: KeyPair): KeyPairSource {
  return async () => {
    const [certificate, key] = await Promise.all([read(files.certificate), read(files.key)]);
    return { certificate, key };
  };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error), error);
  }
}

/** The leaf of a pair whose two halves belong together. Throws CONFIG_TLS. */
export function leafOf({ certificate, key }: KeyPair): X509Certificate {
  let leaf: X509Certificate;
  let secret: KeyObject;
  try {
    leaf = new X509Certificate(certificate);
    secret = createPrivateKey(key);
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error), error);
  }
  if (!leaf.checkPrivateKey(secret)) throw unusable('the key is of another certificate');
  return leaf;
}

/** The pin of a certificate that no authority vouches for; undefined for one that an authority signed. */
export function pinOf(leaf: X509Certificate): string | undefined {
  return leaf.issuer === leaf.subject && leaf.verify(leaf.publicKey)
    ? spkiPin(leaf.publicKey)
    : undefined;
}

function unusable(reason: string, cause?: unknown): TallyError {
  return new TallyError('CONFIG_TLS', { reason }, cause);
}
