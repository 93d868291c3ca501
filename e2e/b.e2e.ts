import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const BENCH = fileURLToPath(new URL('../bench/heart.mjs', import.meta.url));

interface BenchLine {
  readonly strategy: string;
  readonly hyperparameters: { readonly learningRate: number };
  readonly seeds: number;
  readonly mean: number;
  readonly sd: number;
  readonly band: readonly [number, number];
  readonly modelSha256: string;
  readonly ok: boolean;
}

/** The bench as people run it; rejects only when it prints no JSON. */
function bench(...args: readonly string[]): Promise<{ code: number; lines: readonly BenchLine[] }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [BENCH, '--json', ...args], (error, stdout) => {
      try {
        const lines = stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as BenchLine); // printed by our own bench
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, lines });
      } catch {
        reject(new Error(`bench printed: ${stdout.slice(0, 500)}`));
      }
    });
  });
}

describe('bench:heart', () => {
  it('B: a line per strategy with FLamby’s settings, the exit code counts the misses', async () => {
    const { code, lines } = await bench('--seeds', '2', '--no-processes');
    expect(lines.map(({ strategy }) => strategy)).toEqual([
      'FedAvg',
      'FedAdagrad',
      'FedAdam',
      'FedYogi',
    ]);
    for (const line of lines) {
      const [low, high] = line.band;
      expect(line.seeds).toBe(2);
      expect(line.modelSha256).toMatch(/^[0-9a-f]{64}$/);
      expect(line.ok).toBe(line.mean >= low && line.mean <= high);
    }
    expect(code).toBe(lines.filter(({ ok }) => !ok).length);
    // Two seeds are too few for FedAvg's band (its deviation over seeds is .05); the server optimizers are steady.
    for (const { strategy, mean } of lines.slice(1)) {
      expect(mean, strategy).toBeGreaterThanOrEqual(0.715);
    }
    expect(new Set(lines.map(({ modelSha256 }) => modelSha256)).size).toBe(4);
  });
});
