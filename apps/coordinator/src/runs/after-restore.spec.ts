import { asRunId, type RunId } from '@tallystick/kernel';
import { MemoryLogger } from '@tallystick/kernel/testing';
import { describe, expect, it } from 'vitest';
import type { RunEntity } from '../persistence/entities/index.js';
import { AfterRestore, type AfterRestoreDeps, type RestoredBackup } from './after-restore.js';

/** Runs that are open in the database: rounds closed there, and rounds that the chain holds. */
const OPEN = [
  { id: 0, closed: 2, anchored: 2, voidUntil: 0 },
  { id: 1, closed: 2, anchored: 3, voidUntil: 0 },
  { id: 2, closed: 0, anchored: undefined, voidUntil: 0 },
  { id: 3, closed: 2, anchored: 18, voidUntil: 18 },
];

class Restored {
  forgotten = 0;
  readonly ended = new Map<RunId, string>();

  duty(isLogKept: boolean | undefined): AfterRestore {
    const restored: RestoredBackup | undefined =
      isLogKept === undefined
        ? undefined
        : { backupAtMs: 0, isLogKept, forget: () => Promise.resolve(void this.forgotten++) };
    const of = (run: RunId) => OPEN.find(({ id }) => id === run);
    const deps = {
      restored,
      runs: {
        unfinished: () =>
          Promise.resolve(
            OPEN.map(({ id, voidUntil }) => ({ id: asRunId(id), voidUntil }) as RunEntity),
          ), // nothing else is read
        ended: ({ id: run }: RunEntity, { reason = '' }: { readonly reason?: string }) =>
          Promise.resolve(void this.ended.set(run, reason)),
      },
      rounds: {
        counts: ([run]: readonly RunId[]) =>
          Promise.resolve(
            new Map(run === undefined ? [] : [[run, { last: (of(run)?.closed ?? 0) - 1 }]]),
          ),
      },
      ledger: {
        anchored: (run: RunId) => {
          const nextRound = of(run)?.anchored;
          return Promise.resolve(nextRound === undefined ? undefined : { nextRound });
        },
      },
      claims: { claim: (name: string, epoch: number) => Promise.resolve({ name, epoch }) },
      logger: new MemoryLogger(),
    };
    return new AfterRestore(deps as unknown as AfterRestoreDeps); // the fakes have what is called
  }
}

describe('AfterRestore', () => {
  it('does nothing when nothing was restored', async () => {
    const restored = new Restored();
    await restored.duty(undefined).start(1);
    expect([restored.ended.size, restored.forgotten]).toEqual([0, 0]);
  });

  it('ends every open run when nobody knows what was signed since, once', async () => {
    const restored = new Restored();
    const duty = restored.duty(false);
    await duty.start(1);
    expect([...restored.ended.keys()]).toEqual([0, 1, 2, 3]);
    for (const reason of restored.ended.values()) {
      expect(reason).toMatch(/^ROUND_RUN_RESTORED: .*1970-01-01/);
    }
    restored.ended.clear();
    await duty.start(2); // it leads again
    expect([restored.ended.size, restored.forgotten]).toEqual([0, 1]);
  });

  it('ends with the newest signing log what the chain knows more of, and lets the others go on', async () => {
    const restored = new Restored();
    await restored.duty(true).start(1);
    expect([...restored.ended.keys()]).toEqual([1]);
    expect(restored.forgotten).toBe(1);
  });
});
