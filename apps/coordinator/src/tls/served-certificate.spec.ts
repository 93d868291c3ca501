import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { selfSigned } from '@tallystick/kernel/node';
import { MemoryLogger, VirtualClock } from '@tallystick/kernel/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { KeyPair } from './key-pair.js';
import { ServedCertificate } from './served-certificate.js';

const DAY_MS = 86_400_000;

function pair(): KeyPair {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = ['localhost'];
  const dates = { from: new Date(0), to: new Date(DAY_MS) };
  return {
    certificate: selfSigned({ key, names, ...dates, serial: randomBytes(16) }),
    key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

describe('ServedCertificate', () => {
  let clock: VirtualClock;
  let logger: MemoryLogger;
  let now: KeyPair;
  let contexts: SecureContextOptions[];
  const server = {
    setSecureContext: (options: SecureContextOptions) => void contexts.push(options),
  };

  beforeEach(() => {
    clock = new VirtualClock();
    logger = new MemoryLogger();
    now = pair();
    contexts = [];
  });

  it('serves nothing below TLS 1.2', async () => {
    const served = await ServedCertificate.open(() => Promise.resolve(now), { clock, logger });
    expect(served.options.minVersion).toBe('TLSv1.2');
  });

  it('takes another pair up within 10 s, and its pin', async () => {
    const first = now;
    const served = await ServedCertificate.open(() => Promise.resolve(now), { clock, logger });
    const { pin } = served;
    served.keep(server);
    await clock.advance(30_000);
    expect(contexts).toEqual([]);
    now = pair();
    await clock.advance(10_000);
    expect(contexts).toHaveLength(1);
    expect(contexts[0]?.cert).toBe(now.certificate);
    expect(served.pin).not.toBe(pin);
    expect(new X509Certificate(first.certificate).serialNumber).not.toBe('');
    served.close();
    expect(clock.pending).toBe(0);
  });

  it('keeps what it has while files are half written, or do not belong together', async () => {
    const good = now;
    const served = await ServedCertificate.open(() => Promise.resolve(now), { clock, logger });
    served.keep(server);
    for (const broken of [
      { ...good, certificate: good.certificate.slice(0, 100) },
      { ...good, key: pair().key },
      { certificate: '', key: '' },
    ]) {
      now = broken;
      await clock.advance(10_000);
      expect(contexts).toEqual([]);
      expect(served.options.cert).toBe(good.certificate);
    }
    now = pair();
    await clock.advance(10_000);
    expect(contexts).toHaveLength(1);
  });

  it('does not start with a pair that is none', async () => {
    const mixed = { ...pair(), key: pair().key };
    const opening = ServedCertificate.open(() => Promise.resolve(mixed), { clock, logger });
    await expect(opening).rejects.toMatchObject({ code: 'CONFIG_TLS' });
  });
});
