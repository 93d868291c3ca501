import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { isIP } from 'node:net';

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OID = 0x06;
const UTF8 = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const TRUE = Buffer.of(0x01, 0x01, 0xff);

/** Contents of the object identifiers (RFC 5480 §A, RFC 5280 §A). */
const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const COMMON_NAME = '550403';
const BASIC_CONSTRAINTS = '551d13';
const KEY_USAGE = '551d0f';
const EXTENDED_KEY_USAGE = '551d25';
const SERVER_AUTH = '2b06010505070301';
const SUBJECT_ALT_NAME = '551d11';

export interface SelfSigned {
  /** ECDSA on P-256. */
  readonly key: KeyObject;
  /** DNS names and IP addresses of the server. */
  readonly names: readonly string[];
  readonly from: Date;
  readonly to: Date;
  /** 16 random bytes. */
  readonly serial: Uint8Array;
}

/** A certificate that its own key signed, as PEM (RFC 5280 §4.1): this one shape, so no library is needed for it. */
export function selfSigned({ key, names, from, to, serial }: SelfSigned): string {
  const algorithm = der(SEQUENCE, oid(ECDSA_WITH_SHA256));
  const subject = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, oid(COMMON_NAME), der(UTF8, Buffer.from('tallystick')))),
  );
  const body = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.of(2))), // version 3
    der(INTEGER, Buffer.concat([Buffer.of(0x01), serial])), // the first byte keeps it positive
    algorithm,
    subject,
    der(SEQUENCE, time(from), time(to)),
    subject,
    createPublicKey(key).export({ format: 'der', type: 'spki' }),
    der(0xa3, der(SEQUENCE, ...extensions(names))),
  );
  const signature = sign('sha256', body, key);
  const bytes = der(SEQUENCE, body, algorithm, der(BIT_STRING, Buffer.of(0), signature));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** No authority; signs handshakes of a server; under these names. */
function extensions(names: readonly string[]): readonly Buffer[] {
  return [
    extension(BASIC_CONSTRAINTS, der(SEQUENCE), true),
    extension(KEY_USAGE, der(BIT_STRING, Buffer.of(7, 0x80)), true),
    extension(EXTENDED_KEY_USAGE, der(SEQUENCE, oid(SERVER_AUTH)), false),
    extension(SUBJECT_ALT_NAME, der(SEQUENCE, ...names.map(generalName)), false),
  ];
}

function extension(id: string, value: Buffer, isCritical: boolean): Buffer {
  return der(SEQUENCE, oid(id), isCritical ? TRUE : Buffer.alloc(0), der(OCTET_STRING, value));
}

function generalName(name: string): Buffer {
  return isIP(name) === 0 ? der(0x82, Buffer.from(name, 'ascii')) : der(0x87, addressBytes(name));
}

/** 4 or 16 bytes, as `new URL` normalises an address. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [head, tail] = [groups(left), groups(right ?? '')];
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const all = [...head, ...zeros, ...tail].map((group) => group.padStart(4, '0'));
  return Buffer.from(all.join(''), 'hex');
}

/** Two digits of the year until 2049 (RFC 5280 §4.1.2.5). */
function time(date: Date): Buffer {
  const text = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050
    ? der(UTC_TIME, Buffer.from(text.slice(2)))
    : der(GENERALIZED_TIME, Buffer.from(text));
}

function oid(content: string): Buffer {
  return der(OID, Buffer.from(content, 'hex'));
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthBytes(content.length), content]);
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = Buffer.from(length.toString(16).padStart(length < 0x100 ? 2 : 4, '0'), 'hex');
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}
