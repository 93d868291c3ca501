import { readFileSync } from 'node:fs';
import { fromHex, toHex } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { manifestOf, type TensorShape } from './manifest.js';
import { decodeModel, encodeModel } from './model-file.js';

interface Vectors {
  model: { tensors: TensorShape[]; weights: string; file: string; sha256: string };
}
const VECTORS = new URL('../../../test-vectors/numbers.json', import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(VECTORS, 'utf8'));
const { model } = vectors;
const file = fromHex(model.file);
const f32 = (hex: string): Float32Array => new Float32Array(fromHex(hex).buffer);

/** The model file with its header text replaced. */
function withHeader(header: string, data = fromHex(model.weights)): Uint8Array {
  const out = new Uint8Array(8 + header.length + data.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true);
  out.set(new TextEncoder().encode(header), 8);
  out.set(data, 8 + header.length);
  return out;
}

describe('model files', () => {
  it('are the bytes of the vector', () => {
    const manifest = manifestOf(sha256, model.tensors);
    expect(toHex(encodeModel(manifest, f32(model.weights)))).toBe(model.file);
    expect(sha256(file)).toBe(model.sha256);
  });

  it('come back bit for bit, from any offset in a buffer', () => {
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    const decoded = decodeModel(sha256, shifted.subarray(3));
    expect(toHex(new Uint8Array(decoded.weights.buffer))).toBe(model.weights);
    expect(decoded.manifest).toEqual(manifestOf(sha256, model.tensors));
  });

  const header = new TextDecoder().decode(file.subarray(8, file.length - 4 * 14));
  const bare = header.trimEnd();
  const pad = (text: string): string => text.padEnd(Math.ceil(text.length / 8) * 8);
  const nan = fromHex(model.weights);
  nan.set([0, 0, 0xc0, 0x7f], 52);
  it.each([
    ['nothing', new Uint8Array(0)],
    ['half a length', file.subarray(0, 7)],
    ['a header beyond the file', file.subarray(0, 20)],
    ['a missing byte', file.subarray(0, -1)],
    ['a trailing byte', Uint8Array.from([...file, 0])],
    ['8 spaces more', withHeader(`${header}        `)],
    ['no padding', withHeader(bare)],
    ['a space inside', withHeader(pad(bare.replace(':', ': ')))],
    ['metadata', withHeader(pad(bare.replace('{', '{"__metadata__":{"a":"b"},')))],
    ['a repeated tensor', withHeader(pad(`${bare.slice(0, -1)},${bare.slice(1)}`))],
    ['offsets that overlap', withHeader(pad(bare.replace('[52,56]', '[48,52]')))],
    ['float64', withHeader(pad(bare.replaceAll('F32', 'F64')))],
    ['a negative dimension', withHeader(pad(bare.replace('[13,1]', '[13,-1]')))],
    ['a dimension that is a text', withHeader(pad(bare.replace('[13,1]', '["13",1]')))],
    ['a name that is not allowed', withHeader(pad(bare.replace('dense0.bias', 'dense0/bias')))],
    ['bytes that are not ASCII', withHeader(pad(bare)).map((byte, i) => (i === 12 ? 0xff : byte))],
    ['a list', withHeader(pad('[]'))],
    ['null', withHeader(pad('null'))],
    ['half a JSON', withHeader(pad('{"a":'))],
    ['a value that is not finite', withHeader(header, nan)],
  ])('are refused with %s', (_, bytes) => {
    expect(() => decodeModel(sha256, bytes)).toThrow(
      expect.objectContaining({ code: 'MODEL_MALFORMED' }),
    );
  });

  it('name the tensor that is not finite', () => {
    expect(() => decodeModel(sha256, withHeader(header, nan))).toThrow(/dense0\.bias/);
  });

  it('refuse weights of another length', () => {
    const manifest = manifestOf(sha256, model.tensors);
    expect(() => encodeModel(manifest, new Float32Array(13))).toThrow(RangeError);
  });
});
