import { readFileSync } from 'node:fs';
import { fromHex, type Hash, toHex } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { encodeUpdate } from './encode-update.js';
import { manifestOf, type TensorShape } from '../manifest.js';
import type { UpdateForm } from '../update-form.js';
import { UpdateInspector } from '../update-inspector.js';
import { sourceOf } from '../update-source.js';

interface Vector {
  name: string;
  tensors: TensorShape[];
  form: UpdateForm;
  divisor: number;
  seed: Hash;
  before: string;
  after: string;
  residual?: string;
  file: string;
  sha256: Hash;
  norm: string;
  left?: string;
}
const VECTORS = new URL('../../../../test-vectors/update-forms.json', import.meta.url);
const vectors: { updates: Vector[] } = JSON.parse(readFileSync(VECTORS, 'utf8'));
const f32 = (hex: string): Float32Array => new Float32Array(fromHex(hex).buffer);
const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer);

describe.each(vectors.updates)('the vector "$name"', (vector) => {
  const { form, divisor, seed } = vector;
  const manifest = manifestOf(sha256, vector.tensors);

  it('is the file and the residual that come out', () => {
    const residual = vector.residual === undefined ? undefined : f32(vector.residual);
    const change = { before: f32(vector.before), after: f32(vector.after), divisor, residual };
    const encoded = encodeUpdate({ sha256, manifest, form, seed, ...change });
    expect(toHex(encoded.file)).toBe(vector.file);
    expect(sha256(encoded.file)).toBe(vector.sha256);
    expect(encoded.residual && toHex(bytesOf(encoded.residual))).toBe(vector.left);
  });

  it('is accepted with its norm', () => {
    const norm = new DataView(fromHex(vector.norm).buffer).getFloat64(0, true);
    const source = sourceOf(fromHex(vector.file));
    const inspector = UpdateInspector.of(manifest, form);
    expect(inspector.inspect(source)).toEqual({ ok: true });
    expect(Math.sqrt(inspector.squaredNorm(source))).toBe(norm);
  });
});
