const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotateLeft(value: bigint, bits: bigint): bigint {
  return u64((value << bits) | (value >> (64n - bits)));
}

function round(accumulator: bigint, lane: bigint): bigint {
  return u64(rotateLeft(u64(accumulator + lane * P2), 31n) * P1);
}

/** Mixes the 32-byte stripes; returns the accumulator before the length is added. */
function stripes(view: DataView, seed: bigint): bigint {
  if (view.byteLength < 32) return u64(seed + P5);
  let [a, b, c, d] = [u64(seed + P1 + P2), u64(seed + P2), seed, u64(seed - P1)];
  for (let at = 0; at + 32 <= view.byteLength; at += 32) {
    a = round(a, view.getBigUint64(at, true));
    b = round(b, view.getBigUint64(at + 8, true));
    c = round(c, view.getBigUint64(at + 16, true));
    d = round(d, view.getBigUint64(at + 24, true));
  }
  const mixed = rotateLeft(a, 1n) + rotateLeft(b, 7n) + rotateLeft(c, 12n) + rotateLeft(d, 18n);
  return [a, b, c, d].reduce((h, lane) => u64((h ^ round(0n, lane)) * P1 + P4), u64(mixed));
}

function tail(view: DataView, start: bigint): bigint {
  let h = start;
  let at = view.byteLength - (view.byteLength % 32);
  for (; at + 8 <= view.byteLength; at += 8) {
    h = u64(rotateLeft(h ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  }
  if (at + 4 <= view.byteLength) {
    h = u64(rotateLeft(h ^ u64(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < view.byteLength; at++) {
    h = u64(rotateLeft(h ^ u64(BigInt(view.getUint8(at)) * P5), 11n) * P1);
  }
  return h;
}

/** XXH64 (xxHash specification 0.1.1 §XXH64). Substrate's `twox`: never a security hash. */
export function xxh64(bytes: Uint8Array, seed: bigint): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let h = tail(view, u64(stripes(view, seed) + BigInt(bytes.length)));
  h = u64((h ^ (h >> 33n)) * P2);
  h = u64((h ^ (h >> 29n)) * P3);
  return h ^ (h >> 32n);
}
