import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeId, RunId } from '@tallystick/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  consentedPolicy,
  keepOwnConsent,
  type OwnConsent,
  readOwnConsents,
} from './own-consents.js';

const GIVEN: OwnConsent = {
  run: 4,
  fromRound: 0,
  untilRound: 9,
  untilMs: 1_000,
  purposes: [7],
  policy: 'ab'.repeat(32),
  fromBlock: 5,
};

describe('own consents', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-consents-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('keeps one entry for each grant, which a revocation completes', async () => {
    expect(await readOwnConsents(folder)).toEqual([]);
    await keepOwnConsent(folder, GIVEN);
    await keepOwnConsent(folder, { ...GIVEN, revokedAtBlock: 8 });
    await keepOwnConsent(folder, { ...GIVEN, fromBlock: 9 });
    expect(await readOwnConsents(folder)).toEqual([
      { ...GIVEN, revokedAtBlock: 8 },
      { ...GIVEN, fromBlock: 9 },
    ]);
  });

  it('names a damaged file', async () => {
    await writeFile(join(folder, 'consents.json'), '[{"run": -1}]');
    await expect(readOwnConsents(folder)).rejects.toMatchObject({ code: 'DATA_FILE_UNREADABLE' });
  });

  const policy = (own: readonly OwnConsent[], at: object = {}): string => {
    const task = { run: 4 as RunId, round: 3, atBlock: 6, ...at };
    const spec = { purpose: 'DUO:0000007', consent: 'required' as const };
    return consentedPolicy(own, { node: 0 as NodeId, task, spec, nowMs: 500 });
  };

  it('gives the policy of the consent in force at the task’s block', () => {
    expect(policy([GIVEN])).toBe(GIVEN.policy);
    const later = { ...GIVEN, fromBlock: 7, policy: 'cd'.repeat(32) };
    expect(policy([GIVEN, later])).toBe(GIVEN.policy);
    expect(policy([GIVEN, later], { atBlock: 7 })).toBe(later.policy);
  });

  it.each([
    ['none', [], {}, 'none was given'],
    ['one for another run', [{ ...GIVEN, run: 5 }], {}, 'none was given'],
    ['one that was given later', [GIVEN], { atBlock: 4 }, 'none was given'],
    ['one that is over', [GIVEN], { round: 10 }, 'does not cover'],
    ['one that was withdrawn, at once', [{ ...GIVEN, revokedAtBlock: 60 }], {}, 'withdrawn'],
  ])('refuses with %s', (_, own, at, reason) => {
    expect(() => policy(own, at)).toThrow(reason);
  });
});
