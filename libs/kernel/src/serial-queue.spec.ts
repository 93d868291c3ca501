import { describe, expect, it } from 'vitest';
import { isTallyError } from './errors/tally-error.js';
import { SerialQueue } from './serial-queue.js';

describe('SerialQueue', () => {
  it('runs one task at a time, in order, past one that fails', async () => {
    const queue = new SerialQueue('tasks', 3);
    const seen: string[] = [];
    const task =
      (name: string, fails = false) =>
      async (): Promise<string> => {
        seen.push(`${name} starts`);
        await Promise.resolve();
        seen.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };
    const results = [queue.run(task('a')), queue.run(task('b', true)), queue.run(task('c'))];
    expect((await Promise.allSettled(results)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(seen).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} starts`, `${name} ends`]));
  });

  it.each(['INTERNAL_OVERFLOW', 'NET_BUSY'] as const)(
    'refuses what is over its limit with %s, and takes the next when there is room',
    async (code) => {
      const queue = new SerialQueue('tasks', 1, code);
      let ran = 0;
      const first = queue.run(() => Promise.resolve(++ran));
      const refused: unknown = await queue
        .run(() => Promise.resolve(++ran))
        .catch((e: unknown) => e);
      expect(isTallyError(refused) && refused.code).toBe(code);
      expect(await first).toBe(1);
      await queue.idle();
      expect(await queue.run(() => Promise.resolve(++ran))).toBe(2);
    },
  );
});
