/**
 * G. One file that imports nothing of ours reads a committed round from the running chain, and it is what the
 * coordinator says.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RoundView } from './harness/api-types.js';
import { Federation } from './harness/federation.js';
import { HeartCopy, SMALL } from './harness/heart.js';
import { contribRootOf } from './harness/evidence.js';
import { ROOT } from './harness/stage.js';
import { useStage } from './harness/use-stage.js';

describe('an outsider with a stock client', () => {
  let federation: Federation;
  let rounds: readonly RoundView[];

  useStage(async (stage) => {
    const heart = await HeartCopy.at(stage.path('heart'));
    federation = await Federation.start(stage);
    await federation.populate(heart.sites);
    const { run } = await federation.launch(await heart.editRun(...SMALL));
    rounds = await federation.finished(run);
  });

  it('G: reads header hash and weights root of a round', async () => {
    const { round, header, included, sumWeight } = rounds[1]!;
    const seen = (await federation.outsider(0, round)).json();
    const contribRoot = await contribRootOf(federation, 0, round);
    expect(seen).toMatchObject({ round, header, contribRoot, included, sumWeight });
    expect(seen).toMatchObject({ excluded: 0, status: 'Committed' });
  });

  it('G: finds one commit of each round, with the header and block that the API shows', async () => {
    const { commits, calls } = await federation.commits();
    const shown = rounds.map(({ round, header, commit }) => ({
      round,
      header,
      block: commit?.block,
    }));
    expect(shown).toHaveLength(3);
    expect(commits).toEqual(shown.map((row) => expect.objectContaining(row)));
    expect(calls.map(({ round }) => round)).toEqual([0, 1, 2]);
  });

  it('G: says that the chain holds no such round', async () => {
    const missing = await federation.outsider(0, 3);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('no round 3 of run 0');
  });

  it('G: imports neither our packages nor anything of the chain', async () => {
    const source = await readFile(join(ROOT, 'e2e/outsider/read-round.mjs'), 'utf8');
    const imports = [...source.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)/g)].map(
      ([, from, dynamic]) => from ?? dynamic,
    );
    expect(imports).toEqual(['@polkadot/api']);
  });
});
