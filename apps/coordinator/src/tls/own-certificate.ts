import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock, Entropy, Logger } from '@tallystick/kernel';
import { durableWrite, hasErrno, selfSigned } from '@tallystick/kernel/node';
import type { KeyPairSource } from './key-pair.js';

const DAY_MS = 86_400_000;
const LIFE_MS = 397 * DAY_MS;
/** A certificate with less than this before it is made anew, with the same key: pins hold. */
const RENEW_MS = 30 * DAY_MS;
/** Clocks of sites that are slow by less do not find it too young. */
const BACKDATE_MS = 3_600_000;

export interface OwnCertificateOptions {
  /** PKCS#8 PEM, mode 0600; several coordinators of one federation share it. */
  readonly keyFile: string;
  readonly certificateFile: string;
  /** Names and addresses of this coordinator. */
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
}

/** A certificate of this coordinator's own, made at the first start; also when its names have changed. */
export function ownSource(options: OwnCertificateOptions): KeyPairSource {
  const { keyFile, certificateFile, names, clock, entropy, logger } = options;
  return async () => {
    const key = await loadOrMakeKey(keyFile);
    const pem = key.export({ format: 'pem', type: 'pkcs8' }).toString();
    const nowMs = clock.nowMs();
    const held = await textOf(certificateFile);
    if (held !== undefined && isGood(held, { key, names, nowMs })) {
      return { certificate: held, key: pem };
    }
    const from = new Date(nowMs - BACKDATE_MS);
    const to = new Date(nowMs + LIFE_MS);
    const certificate = selfSigned({ key, names, from, to, serial: entropy.bytes(16) });
    await durableWrite(certificateFile, certificate);
    logger.info('tls.certificate_made', { names: names.join(', '), until: to.toISOString() });
    return { certificate, key: pem };
  };
}

function isGood(
  text: string,
  { key, names, nowMs }: { key: KeyObject; names: readonly string[]; nowMs: number },
): boolean {
  try {
    const leaf = new X509Certificate(text);
    const isNamed = names.every((name) =>
      isIP(name) === 0 ? leaf.checkHost(name) !== undefined : leaf.checkIP(name) !== undefined,
    );
    const isInTime =
      Date.parse(leaf.validFrom) <= nowMs && Date.parse(leaf.validTo) - nowMs >= RENEW_MS;
    return isNamed && isInTime && leaf.checkPrivateKey(key);
  } catch {
    return false;
  }
}

async function loadOrMakeKey(path: string): Promise<KeyObject> {
  const text = await textOf(path);
  if (text !== undefined) return createPrivateKey(text);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await durableWrite(path, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), 0o600);
  return privateKey;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
