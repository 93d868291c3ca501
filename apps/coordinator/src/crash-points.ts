import { existsSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** The places at which tests kill this process to show that the same round goes on. */
export const CRASH_POINTS = [
  'chunk-half-spooled',
  'spooled-no-row',
  'row-no-promise',
  'rows-no-close',
  'inside-close',
  'closed-not-submitted',
  'submitted-not-in-block',
  'in-block-not-final',
  'created-no-row',
  'epoch-no-transaction',
  'epoch-submitted-not-in-block',
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Does nothing outside tests. */
export interface CrashPoints {
  /** True when `hit` would end the process: for a point that has to be prepared. */
  isDue(point: CrashPoint, round: number): boolean;
  /** Ends the process as kill -9 would, when this is the chosen point; the second time it passes. */
  hit(point: CrashPoint, round: number): void;
}

/** What every real deployment uses. */
export const NO_CRASH: CrashPoints = { isDue: () => false, hit: () => undefined };

/** How long nothing after the point may run, until the signal has done its work. */
const HOLD_MS = { SIGKILL: 60_000, SIGSTOP: 100 } as const;

/**
 * Kills or stops the process at `point` of `round` once: a marker file in `folder` lets the restarted process pass. Only
 * the composition root makes one, and only under NODE_ENV=test (config.ts refuses the setting otherwise).
 */
function crashOnce(
  folder: string,
  {
    chosen,
    chosenRound,
    signal,
  }: {
    readonly chosen: CrashPoint;
    readonly chosenRound: number;
    readonly signal: keyof typeof HOLD_MS;
  },
): CrashPoints {
  const marker = join(folder, `crashed-${chosen}`);
  const isDue = (point: CrashPoint, round: number): boolean =>
    point === chosen && round === chosenRound && !existsSync(marker);
  return {
    isDue,
    hit: (point, round) => {
      if (!isDue(point, round)) return;
      const file = openSync(marker, 'wx', 0o600);
      writeSync(file, `${process.pid}\n`);
      fsyncSync(file);
      process.kill(process.pid, signal);
      // The signal is handled on return to the kernel; wait here so that nothing after this point runs.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HOLD_MS[signal]);
    },
  };
}

/** `point[:round][:stop]` (round 0 without one; `stop` freezes instead of killing); nothing without a setting. */
export function crashPointsOf(setting: string | undefined, folder: string): CrashPoints {
  const [name, ...rest] = setting?.split(':') ?? [];
  const chosen = CRASH_POINTS.find((known) => known === name);
  if (chosen === undefined) return NO_CRASH;
  const chosenRound = Number(rest.find((part) => part !== 'stop') ?? 0);
  return crashOnce(folder, {
    chosen,
    chosenRound,
    signal: rest.includes('stop') ? 'SIGSTOP' : 'SIGKILL',
  });
}
