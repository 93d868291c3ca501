/**
 * The same bits on Node 20, 22 and 24, for any number of workers: every kernel over fixed inputs, and the example as
 * `simulate` plays it. Without TALLY_E2E_FULL=1 it is the Node at hand alone; with it the others come from the npm registry,
 * and when they cannot be had the test fails.
 */
import { describe, expect, it } from 'vitest';
import type { RunReport } from './harness/api-types.js';
import { HEART } from './harness/heart.js';
import { nodesOfEveryVersion } from './harness/other-nodes.js';
import type { Ended } from './harness/stage.js';
import { useStage } from './harness/use-stage.js';

const isFull = process.env['TALLY_E2E_FULL'] === '1';
const KERNELS = 'libs/compute/dist/testing/kernels-main.js';
/** The unit tests compare worker counts too, on one Node. */
const WORKERS = isFull ? ['1', '2', '4'] : ['2'];

interface Kernels {
  readonly node: string;
  readonly results: number;
  readonly digest: string;
}

describe('versions of Node', () => {
  let nodes: ReadonlyMap<string, string>;
  const stage = useStage(async () => {
    nodes = isFull ? await nodesOfEveryVersion() : new Map([[process.version, process.execPath]]);
  });

  const done = async (ended: Promise<Ended>): Promise<Ended> => {
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(0);
    return ended;
  };

  /** What the kernels give on one Node; it must be the one that was asked for. */
  const kernels = async (version: string, ...args: readonly string[]): Promise<Kernels> => {
    const node = nodes.get(version) ?? 'none';
    const said = (await done(stage().start(KERNELS, args, { node }).ended)).json<Kernels>();
    expect(said.node).toBe(version);
    expect(said.results).toBeGreaterThan(30);
    return said;
  };

  it('give one digest of all kernels for 1, 2 and 4 workers, and another when one value differs', async () => {
    const digests = new Set<string>();
    for (const version of nodes.keys()) {
      for (const workers of WORKERS) digests.add((await kernels(version, workers)).digest);
    }
    process.stdout.write(
      `node versions: ${[...nodes.keys()].join(', ')}: ${[...digests].join(', ')}\n`,
    );
    expect(nodes.size).toBe(isFull ? 3 : 1);
    expect(digests.size).toBe(1);
    for (const version of nodes.keys()) {
      expect(digests).not.toContain((await kernels(version, '2', 'perturbed')).digest);
    }
  });

  it.each(isFull ? [HEART] : [])('train and average %s to the same models', async (example) => {
    const seen = new Map<string, readonly string[]>();
    for (const [version, node] of nodes) {
      const ended = await done(stage().run(['simulate', example], { node }));
      seen.set(version, ended.json<RunReport>().roundModels);
    }
    const [first = [], ...others] = seen.values();
    process.stdout.write(`example: ${first.length} rounds, the last model is ${first.at(-1)}\n`);
    expect(first.length).toBeGreaterThan(0);
    for (const models of others) expect(models).toEqual(first);
  });
});
