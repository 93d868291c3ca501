import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { blobPath, roundPath } from './bundle/layout.js';
import {
  testBundle,
  type TestBundle,
  type TestBundleOptions,
} from './testing/fixture/test-bundle.js';
import { openEvidence } from './testing/operator/evidence.js';
import { TamperedBundle } from './testing/operator/tampered-bundle.js';
import { Scratch } from './testing/scratch.js';
import { verifyBundle } from './verify-bundle.js';
import { NO_ANCHORS } from './testing/anchors-for.js';
import { releasedRuntimes } from './testing/operator/evidence.js';

const SCRIPT = fileURLToPath(new URL('../../../docs/verifier/verify.py', import.meta.url));
const VENV = fileURLToPath(
  new URL('../../../node_modules/.cache/tally-verifier/bin/python', import.meta.url),
);
const HOW = 'node tools/verifier-python.mjs';
const run = promisify(execFile);

/** A Python that has the package. */
function pythonWithPackage(): string | undefined {
  const isReady = (python: string): boolean =>
    spawnSync(python, ['-c', 'import cryptography']).status === 0;
  return [...(existsSync(VENV) ? [VENV] : []), 'python3'].find(isReady);
}

const python = pythonWithPackage();

interface Verdict {
  readonly code: number;
  readonly lines: readonly string[];
}

async function verify(folder: string): Promise<Verdict> {
  const ended = await run(python ?? '', [SCRIPT, folder]).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  );
  return { code: ended.code, lines: ended.stdout.trimEnd().split('\n') };
}

async function withBundle(
  options: TestBundleOptions,
  use: (bundle: TestBundle) => Promise<void>,
): Promise<void> {
  const bundle = await testBundle(options);
  try {
    await use(bundle);
  } finally {
    await bundle.remove();
  }
}

describe('the verifier in Python', () => {
  it('is at most 300 lines and needs one package', async () => {
    const text = await readFile(SCRIPT, 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(300);
    const foreign = [...text.matchAll(/^(?:from|import) (\w+)/gm)].map(([, name]) => name);
    expect(new Set(foreign)).toEqual(new Set(['hashlib', 'pathlib', 'cryptography']));
  });

  if (python === undefined) {
    process.stderr.write(
      `the verifier in Python did not run: no python3 with its package (${HOW})\n`,
    );
    return;
  }

  it.each([
    { name: 'FedAdagrad', spec: {} },
    { name: 'FedAvg', spec: { strategy: { fedAvg: {} } } },
    { name: 'FedAvgM', spec: { strategy: { fedAvgM: { serverLearningRate: 1 } } } },
    { name: 'FedAdam', spec: { strategy: { fedAdam: { serverLearningRate: 0.1, tau: 1e-6 } } } },
    { name: 'FedYogi', spec: { strategy: { fedYogi: { serverLearningRate: 0.1, tau: 1e-6 } } } },
    { name: 'i16 updates', spec: { numeric: { codec: 'i16' } } },
    { name: 'sparse i8 updates', spec: { numeric: { codec: 'i8', topPpm: 200_000 } } },
    { name: 'equal weights', spec: { numeric: { weighting: 'equal' } } },
  ])('E: agrees on an honest bundle: $name', ({ spec }) =>
    withBundle({ spec }, async ({ folder }) => {
      const knownRuntimes = await releasedRuntimes();
      const { steps } = await verifyBundle({ folder, anchors: NO_ANCHORS, knownRuntimes });
      const shared = steps.filter(({ step }) => /^V[23478]$/.test(step));
      expect(await verify(folder)).toEqual({
        code: 0,
        lines: shared.map(({ step, checked }) => `${step} ok ${checked}`),
      });
    }),
  );

  it('never passes a rule that it does not know', () =>
    withBundle({ spec: { clip: { norm: 0.1 } } }, async ({ folder }) => {
      expect((await verify(folder)).code).toBe(64);
    }));

  it('E: names a flipped byte of a model, a changed leaf, and what nobody can read', () =>
    withBundle({}, async (bundle) => {
      const scratch = new Scratch();
      try {
        const honest = await openEvidence(bundle.folder);
        const changed = async (edit: (copy: TamperedBundle) => Promise<void>): Promise<Verdict> => {
          const folder = await scratch.copyOf(bundle.folder);
          const copy = new TamperedBundle(folder, honest, bundle.keys);
          await edit(copy);
          await copy.repairManifest();
          return verify(folder);
        };
        const model = honest.history.rounds[1]?.header.value.modelAfter ?? '';
        const flippedModel = await changed((copy) => copy.flip(blobPath(model), -1));
        expect(flippedModel.code).toBe(8);
        expect(flippedModel.lines.at(-1)).toBe(`V8 FAILED round 1: model: blobs/${model}`);
        const changedLeaf = await changed((copy) => copy.flip(roundPath(1, 'leaves.bin'), 80));
        expect(changedLeaf.code).toBe(3);
        expect(changedLeaf.lines.at(-1)).toBe('V3 FAILED round 1: leaves.bin');
        const cut = await changed(async (copy) => {
          const path = 'chain/blocks.bin';
          await copy.write(path, (await copy.read(path)).subarray(0, -9));
        });
        expect(cut.code).toBe(2);
      } finally {
        await scratch.dispose();
      }
    }));
});
