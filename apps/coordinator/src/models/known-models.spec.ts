import { sha256 } from '@tallystick/kernel/node';
import { describe, expect, it } from 'vitest';
import { KnownModels } from './known-models.js';

const idOf = (n: number) => sha256(Uint8Array.of(n, n >> 8));

describe('KnownModels', () => {
  it('asks once for many who ask at once, and never again for a model', async () => {
    const asked: string[] = [];
    const models = new KnownModels((id) => Promise.resolve(asked.push(id) > 0));
    const answers = await Promise.all(Array.from({ length: 100 }, () => models.has(idOf(1))));
    expect(answers.every((isModel) => isModel)).toBe(true);
    expect(await models.has(idOf(1))).toBe(true);
    expect(asked).toEqual([idOf(1)]);
  });

  it('asks again for what was no model, and after a failure', async () => {
    const said: (() => Promise<boolean>)[] = [
      () => Promise.resolve(false),
      () => Promise.reject(new Error('the database is away')),
      () => Promise.resolve(true),
    ];
    const models = new KnownModels(() => said.shift()?.() ?? Promise.resolve(false));
    expect(await models.has(idOf(1))).toBe(false);
    await expect(models.has(idOf(1))).rejects.toThrow('away');
    expect(await models.has(idOf(1))).toBe(true);
    expect(await models.has(idOf(1))).toBe(true);
  });

  it('keeps a bounded number of answers', async () => {
    let asked = 0;
    const models = new KnownModels(() => Promise.resolve(++asked > 0));
    for (let n = 0; n < 1_025; n++) await models.has(idOf(n));
    await models.has(idOf(1_024));
    expect(asked).toBe(1_025);
    await models.has(idOf(0));
    expect(asked).toBe(1_026);
  });
});
