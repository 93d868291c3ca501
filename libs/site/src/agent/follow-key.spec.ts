import { asRunId, type PublicKey } from '@tallystick/kernel';
import { ed25519, generateKey } from '@tallystick/kernel/node';
import { HEADER, signRecord } from '@tallystick/record';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readNodeLog } from '../log/read-node-log.js';
import { SiteBench } from '../testing/index.js';
import { followKey } from './follow-key.js';
import { openSigned } from './open-records.js';
import { pinnedKey } from './pinned-key.js';

const next = generateKey();
let bench: SiteBench;
let old: PublicKey;
beforeEach(async () => {
  bench = await SiteBench.start();
  old = bench.identity.coordinatorKey;
  await bench.update();
});
afterEach(() => bench.close());

const chainOf = (...keys: readonly (readonly [number, PublicKey])[]) => ({
  coordinatorKeys: () => Promise.resolve(keys.map(([fromRound, key]) => ({ fromRound, key }))),
});
const refused = { code: 'AUTH_COORDINATOR_KEY' };

describe('followKey', () => {
  it('takes over the key that took the place of the pinned one on the chain', async () => {
    const identity = await followKey(bench.log, chainOf([0, old], [3, next.key]));
    expect(identity).toMatchObject({ coordinatorKey: next.key, node: bench.identity.node });
    const { run } = bench.coordinator;
    expect([0, 2, 3, 9].map((round) => pinnedKey(identity, run, round))).toEqual([
      ...[old, old, next.key, next.key],
    ]);
    expect(pinnedKey(identity, asRunId(99), 0)).toBe(next.key);
  });

  it('believes the new key for new rounds alone, and the old one for old rounds alone', async () => {
    const identity = await followKey(bench.log, chainOf([0, old], [1, next.key]));
    const result = bench.finish(bench.coordinator.offer());
    const { header: first } = result.header;
    const second = { ...first, round: 1 };
    const open = (header: typeof first, signer: typeof next) => () =>
      openSigned(ed25519, identity, HEADER, signRecord(HEADER, header, signer).wire);
    expect(open(first, bench.coordinator.signer)().value).toEqual(first);
    expect(open(second, next)().value).toEqual(second);
    expect(open(second, bench.coordinator.signer)).toThrow('the pinned key is');
    expect(open(first, next)).toThrow('the pinned key is');
  });

  it('refuses when the chain names no other key, none that follows the pinned one, or two', async () => {
    await expect(followKey(bench.log, chainOf([0, old]))).rejects.toMatchObject(refused);
    await expect(followKey(bench.log, chainOf())).rejects.toMatchObject(refused);
    const foreign = chainOf([0, generateKey().key], [1, next.key]);
    await expect(followKey(bench.log, foreign)).rejects.toMatchObject(refused);
    const runs = [bench.coordinator.run, asRunId(1)];
    const two = {
      coordinatorKeys: (run: number) =>
        Promise.resolve([
          { fromRound: 0, key: old },
          { fromRound: 1, key: run === 1 ? next.key : generateKey().key },
        ]),
    };
    const log = { identity: bench.log.identity, runs };
    await expect(followKey(log, two)).rejects.toMatchObject(refused);
  });

  it('asks for nothing that a coordinator said: an unreachable chain is its own error', async () => {
    const away = { coordinatorKeys: () => Promise.reject(new Error('away')) };
    await expect(followKey(bench.log, away)).rejects.toThrow('away');
  });

  it('is a line of the log that an auditor reads', async () => {
    await bench.log.append(await followKey(bench.log, chainOf([0, old], [3, next.key])));
    const log = await readNodeLog(bench.log.path);
    expect(log.coordinatorKey).toBe(next.key);
    expect(log.identities.map(({ coordinatorKey }) => coordinatorKey)).toEqual([old, next.key]);
  });
});
