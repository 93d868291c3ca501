import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type SelfSigned, selfSigned } from './self-signed.js';
import { spkiPin } from './spki-pin.js';

const { privateKey: key, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const SHAPE: SelfSigned = {
  key,
  names: ['coordinator.example', 'localhost', '127.0.0.1', '::1', 'fe80::1:2'],
  from: new Date('2026-03-01T00:00:00Z'),
  to: new Date('2027-04-02T12:34:56Z'),
  serial: randomBytes(16),
};
const read = (changes: Partial<SelfSigned> = {}): X509Certificate =>
  new X509Certificate(selfSigned({ ...SHAPE, ...changes }));

describe('selfSigned', () => {
  it('is signed by its own key, for its names, in its time', () => {
    const certificate = read();
    expect(certificate.verify(publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(new Date(certificate.validFrom)).toEqual(SHAPE.from);
    expect(new Date(certificate.validTo)).toEqual(SHAPE.to);
    expect(certificate.checkHost('coordinator.example')).toBe('coordinator.example');
    expect(certificate.checkHost('other.example')).toBeUndefined();
    for (const address of ['127.0.0.1', '::1', 'fe80::1:2']) {
      expect(certificate.checkIP(address)).toBe(address);
    }
    expect(certificate.checkIP('10.0.0.1')).toBeUndefined();
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('writes years from 2050 on with four digits', () => {
    const to = new Date('2050-01-01T00:00:00Z');
    expect(new Date(read({ to }).validTo)).toEqual(to);
  });

  it('takes as many names as a deployment may have', () => {
    const names = Array.from({ length: 200 }, (_, n) => `node-${n}.${'x'.repeat(60)}.example`);
    expect(read({ names }).checkHost(names[199] ?? '')).toBe(names[199]);
  });

  it('has a pin that is the key’s alone', () => {
    expect(spkiPin(read().publicKey)).toBe(spkiPin(publicKey));
    expect(spkiPin(publicKey)).toMatch(/^sha256\/[A-Za-z0-9+/]{43}=$/);
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    expect(spkiPin(other)).not.toBe(spkiPin(publicKey));
  });
});
