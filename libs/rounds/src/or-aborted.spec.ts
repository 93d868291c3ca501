import { describe, expect, it } from 'vitest';
import { orAborted } from './or-aborted.js';

const fails = (): Promise<never> => Promise.reject(new Error('too late'));

describe('orAborted', () => {
  it('gives the value, or the error, of what ends first', async () => {
    const { signal } = new AbortController();
    expect(await orAborted(Promise.resolve(7), signal)).toBe(7);
    await expect(orAborted(fails(), signal)).rejects.toThrow('too late');
  });

  it('gives up at once, and leaves no rejection unhandled', async () => {
    const stop = new AbortController();
    const waiting = orAborted(new Promise((_resolve, reject) => setImmediate(reject)), stop.signal);
    stop.abort();
    expect(await waiting).toBeUndefined();
    expect(await orAborted(fails(), stop.signal)).toBeUndefined(); // vitest fails a run with an unhandled one
  });
});
