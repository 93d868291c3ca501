/**
 * People who live in Python: a heart-disease run of two nodes launched, awaited, read and verified from the package and from
 * the example's notebook, by a python3 with nothing but its standard library.
 *
 * TALLY_E2E_FULL=1 makes an environment with pandas, safetensors, TensorBoard and Jupyter's runner and lets them read the
 * same; it fails where that cannot be made.
 */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { RoundView } from './harness/api-types.js';
import { Federation } from './harness/federation.js';
import { HeartCopy, SMALL, type Site } from './harness/heart.js';
import { ROOT } from './harness/stage.js';
import { useStage } from './harness/use-stage.js';
import { venvPython } from './harness/venv.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const PYTHON = join(ROOT, 'python');
const TIMEOUT_MS = 180_000;
const INSTALL_MS = 900_000;
const run = promisify(execFile);
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Two nodes are enough for a person who tries it out. */
function forTwo(site: Site): Site {
  const nodeYaml = (url: string): string =>
    site.nodeYaml(url).replace('minCohort: 3', 'minCohort: 2');
  return { ...site, name: site.name, csv: site.csv, nodeYaml };
}

describe('people who live in Python', () => {
  let federation: Federation;
  let heart: HeartCopy;
  let played: number;

  const stage = useStage(async (opened) => {
    heart = await HeartCopy.at(opened.path('heart'));
    const window = [/count: \{ min: 4, max: 4 \}/, 'count: { min: 2, max: 2 }'] as const;
    await heart.editRun(...SMALL, window);
    federation = await Federation.start(opened);
    await federation.populate(heart.sites.slice(0, 2).map(forTwo));
  });

  async function environment(): Promise<Record<string, string>> {
    const token = (await readFile(join(federation.data, 'api-token'), 'utf8')).trim();
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: stage().folder,
      PYTHONPATH: join(PYTHON, 'src'),
      TALLY_URL: federation.url,
      TALLY_TOKEN: token,
      TALLY_DATA: federation.data,
      TALLY_CLI: `${process.execPath} ${join(ROOT, 'apps/cli/dist/main.js')}`,
    };
  }

  async function python(program: string, ...args: readonly string[]): Promise<string> {
    const options = { cwd: heart.folder, env: await environment(), timeout: TIMEOUT_MS };
    return (await run(program, args, options)).stdout;
  }

  const notebook = join(ROOT, 'examples/heart-disease/notebook.ipynb');

  it('has a notebook without outputs', async () => {
    const { cells } = JSON.parse(await readFile(notebook, 'utf8')) as {
      cells: readonly { outputs?: readonly unknown[]; execution_count?: number | null }[];
    };
    expect(cells.flatMap(({ outputs = [] }) => outputs)).toEqual([]);
    expect(cells.every(({ execution_count: count = null }) => count === null)).toBe(true);
  });

  it('exports a run for TensorBoard and as CSV, one series per site', async () => {
    const { run: number } = await federation.launch(await heart.runYaml());
    played = number;
    const rounds = await federation.finished(number);
    const args = ['--tensorboard', stage().path('tb'), '--csv', stage().path('rounds.csv')];
    const command = ['run', 'export', String(number), ...args, '--data', federation.data];
    const exported = await stage().run(command);
    expect(exported.code, exported.stderr).toBe(0);
    expect(exported.json<{ series: string[] }>().series).toEqual([
      'pooled',
      'cleveland',
      'hungarian',
    ]);
    const csv = await readFile(stage().path('rounds.csv'), 'utf8');
    expect(csv.split('\n')[0]).toBe('run,round,series,metric,value');
    expect(csv.match(/,pooled,round\/included,2$/gm)).toHaveLength(rounds.length);
    const compared = await stage().run(['run', 'compare', '0', '--all', '--data', federation.data]);
    expect(compared.json<{ rows: unknown[] }>().rows.length).toBeGreaterThan(20);
  });

  it('signs in once, and needs neither address nor folder after that', async () => {
    const token = (await readFile(join(federation.data, 'api-token'), 'utf8')).trim();
    const config = { XDG_CONFIG_HOME: stage().path('config') };
    const wrong = await stage().run(['login', federation.url], {
      env: { ...config, TALLY_TOKEN: 'wrong' },
    });
    expect(wrong.code).not.toBe(0);
    const elsewhere = ['run', 'list', '--data', stage().path('none')];
    expect((await stage().run(elsewhere, { env: config })).code).not.toBe(0); // nothing was stored
    const env = { ...config, TALLY_TOKEN: token };
    expect((await stage().run(['login', federation.url], { env })).code).toBe(0);
    const listed = await stage().run(elsewhere, { env: config });
    expect(listed.code, listed.stderr).toBe(0);
    expect(listed.stderr).not.toContain('\u001b');
    expect(listed.stdout + listed.stderr).not.toContain(token);
  });

  it.each(isFull ? [join(PYTHON, 'tests/requirements.txt')] : [])(
    'is read by TensorBoard, pandas, safetensors and Jupyter as it was written: %s',
    async (requirements) => {
      const program = await venvPython(requirements);
      const model = stage().path('model.safetensors');
      await writeFile(
        model,
        await federation.bytes(`blobs/${(await federation.run(played)).model}`),
      );
      const copy = stage().path('notebook.ipynb');
      await copyFile(notebook, copy);
      const args = [stage().path('tb'), model, String(played), copy];
      const text = await python(program, join(PYTHON, 'tests/packages.py'), ...args);
      const said = JSON.parse(text.trim().split('\n').at(-1) ?? '') as Said;
      const rounds = await federation.rounds(played);
      expect(lossesOf(said)).toEqual(
        rounds.map(({ round, metrics }) => [round, near(metrics['lossBefore'])]),
      );
      expect(Object.keys(said.scalars).toSorted()).toEqual(['cleveland', 'hungarian', 'pooled']);
      expect(said.tensors).toEqual(tensorHashes(await readFile(model)));
      expect(said.rounds.map(({ header, weight }) => [header, weight])).toEqual(
        rounds.map((view) => [view.header, Number(view.sumWeight)]),
      );
      expect(said.nodes).toHaveLength(measurements(rounds));
      expect(said.notebook).toMatchObject({ errors: [] });
      expect(said.notebook.html).toBeGreaterThanOrEqual(3);
    },
    INSTALL_MS,
  );

  if (!hasPython) {
    process.stderr.write('the notebook was not played: no python3\n');
    return;
  }

  it('plays the notebook with the standard library alone, to the verdict', async () => {
    const said = await python('python3', join(PYTHON, 'tests/run_notebook.py'), notebook);
    expect(said).toMatch(/CONSISTENT|VERIFIED/);
    expect(said).toContain('6 cells');
    expect(said.match(/'verified': None/g)).toHaveLength(3);
  });
});

interface Said {
  readonly scalars: Readonly<
    Record<string, Readonly<Record<string, readonly (readonly [number, number])[]>>>
  >;
  readonly tensors: Readonly<Record<string, string>>;
  readonly rounds: readonly { readonly header: string; readonly weight: number }[];
  readonly nodes: readonly unknown[];
  readonly notebook: { readonly errors: readonly string[]; readonly html: number };
}

const lossesOf = ({ scalars }: Said): unknown => scalars['pooled']?.['train/lossBefore'];

/** TensorBoard keeps 32-bit floats. */
const near = (nano = 0): unknown => expect.closeTo(nano / 1e9, 5);

const measurements = (rounds: readonly RoundView[]): number =>
  rounds.reduce((sum, { evaluations }) => sum + evaluations.length, 0);

/** SHA-256 of every tensor's bytes by name, as the header of a safetensors file gives them. */
function tensorHashes(file: Buffer): Readonly<Record<string, string>> {
  const headBytes = Number(file.readBigUInt64LE());
  const head = JSON.parse(file.subarray(8, 8 + headBytes).toString()) as Record<
    string,
    { readonly data_offsets: readonly [number, number] }
  >;
  const data = file.subarray(8 + headBytes);
  const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const tensors = Object.entries(head).filter(([name]) => name !== '__metadata__');
  return Object.fromEntries(
    tensors.map(
      ([
        name,
        {
          data_offsets: [from, to],
        },
      ]) => [name, hash(data.subarray(from, to))],
    ),
  );
}
