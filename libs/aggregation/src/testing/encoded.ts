import { ZERO_HASH } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { encodeUpdate } from '../encode/encode-update.js';
import type { Manifest } from '../manifest.js';
import { DENSE_I32 } from '../update-form.js';

/** The dense i32 file of a change. */
export function encoded(
  manifest: Manifest,
  before: Float32Array,
  after: Float32Array,
): Uint8Array<ArrayBuffer> {
  return encodeUpdate({ sha256, manifest, before, after, form: DENSE_I32, seed: ZERO_HASH }).file;
}
