/** A fresh copy whose `buffer` holds exactly these bytes (`Buffer.slice` would be a view). */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

/** `bytes` rounded up to a multiple of 8. */
export function padTo8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
