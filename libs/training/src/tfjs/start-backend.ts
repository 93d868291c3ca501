import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Makes the SIMD build of the wasm backend tfjs-core's backend, or throws ENGINE_UNAVAILABLE. Pinned: the scalar build gives
 * other bits for some layers, threads are a different binary, and `setBackend` by itself would silently stay on a
 * slower backend when wasm cannot start. Starting twice is harmless.
 */
export async function startBackend(): Promise<void> {
  try {
    tf.env().set('PROD', true);
    if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) throw new Error('no WebAssembly SIMD');
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    if (tf.getBackend() !== 'wasm') setWasmPaths(`${dirname(entry)}/`);
    if (!(await tf.setBackend('wasm')) || tf.getBackend() !== 'wasm') {
      throw new Error(`the backend is ${tf.getBackend()}`);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('ENGINE_UNAVAILABLE', { engine: 'tfjs-wasm', reason }, error);
  }
}
