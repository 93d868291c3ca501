import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { linkAborts, untilAborted } from './link-aborts.js';

describe('linkAborts', () => {
  it('aborts with the first source and its reason', () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const { signal } = linkAborts(a.signal, b.signal);
    expect(signal.aborted).toBe(false);
    b.abort(new Error('b'));
    a.abort(new Error('a'));
    expect(signal.reason).toEqual(new Error('b'));
  });

  it('is aborted at once by a source that is', () => {
    const { signal } = linkAborts(new AbortController().signal, AbortSignal.abort('gone'));
    expect(signal.reason).toBe('gone');
  });

  it('hears nothing once released', () => {
    const source = new AbortController();
    const { signal, release } = linkAborts(source.signal);
    release();
    source.abort();
    expect(signal.aborted).toBe(false);
  });

  it('still aborts when nobody but a listener holds it and garbage was collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void; // exposed by the line above
    const source = new AbortController();
    let heard = 0;
    const listen = (): void =>
      linkAborts(source.signal).signal.addEventListener('abort', () => heard++);
    listen();
    for (let turn = 0; turn < 5; turn++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    source.abort();
    expect(heard).toBe(1);
  });
});

describe('untilAborted', () => {
  it('gives what the promise gives, or the reason of the abort', async () => {
    const never = new Promise<never>(() => undefined);
    const stop = new AbortController();
    expect(await untilAborted(Promise.resolve(1), stop.signal)).toBe(1);
    const waiting = untilAborted(never, stop.signal);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(untilAborted(never, stop.signal)).rejects.toThrow('enough');
  });
});
