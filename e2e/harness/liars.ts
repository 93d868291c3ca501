import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { DigitsCopy } from './digits.js';
import { Federation } from './federation.js';
import type { Stage } from './stage.js';

/** What e2e/attacker/simulate.mjs prints. */
interface Simulated {
  readonly models: readonly string[];
  /** Percent of all test rows that the last model gets right. */
  readonly accuracy: number;
  readonly failure: string | null;
}

/** A federation of the digits example whose first sites lie. */
export class Liars {
  readonly federation: Federation;
  readonly digits: DigitsCopy;
  readonly #names: readonly string[];

  private constructor(federation: Federation, digits: DigitsCopy, names: readonly string[]) {
    this.federation = federation;
    this.digits = digits;
    this.#names = names;
  }

  /** Starts the honest nodes; the liars' wait for `lie`. */
  static async start(
    stage: Stage,
    { sites, liars }: { readonly sites: number; readonly liars: number },
  ): Promise<Liars> {
    const digits = await DigitsCopy.at(stage.path('digits'), sites);
    const federation = await Federation.start(stage);
    for (const site of digits.sites) await federation.join(site);
    const names = digits.sites.map(({ name }) => name);
    await Promise.all(names.slice(liars).map((name) => federation.startNode(name)));
    return new Liars(federation, digits, names.slice(0, liars));
  }

  /** Starts the liars' nodes, or starts them anew with another lie. */
  async lie(attack: string): Promise<void> {
    await Promise.all(
      this.#names.map(async (name) => {
        const before = this.federation.nodes.get(name);
        before?.child.kill('SIGTERM');
        await before?.ended;
        await this.federation.startNode(name, attack);
      }),
    );
  }

  /** 9 − digit in the train rows of the liars. */
  async flipLabels(): Promise<void> {
    for (const { name, csv } of this.digits.sites) {
      if (!this.#names.includes(name)) continue;
      const honest = await readFile(csv, 'utf8');
      const flip = (_row: string, digit: string): string => `,${9 - Number(digit)},train`;
      const flipped = honest.replace(/,(\d),train$/gm, flip);
      expect(flipped).not.toBe(honest);
      await writeFile(csv, flipped);
    }
  }

  /** The run of `file` in one process, with the same liars. */
  async simulated(file: string, attack: string): Promise<Simulated> {
    const liars = this.#names.flatMap((name) => ['--liar', name]);
    const args = [file, '--attack', attack, ...liars];
    const ended = await this.federation.stage.start('e2e/attacker/simulate.mjs', args).ended;
    expect(ended.code, ended.stderr).toBe(0);
    return ended.json<Simulated>();
  }

  /** Models of a run of processes, every round verified with the logs of all nodes. */
  async audited(run: number): Promise<readonly string[]> {
    const { stage, data } = this.federation;
    const rounds = await this.federation.finished(run);
    const bundle = stage.path(`bundle-${run}`);
    const exported = ['audit', 'export', String(run), bundle, '--data', data];
    expect(await stage.run(exported)).toMatchObject({ code: 0 });
    const anchors = this.digits.sites.flatMap(({ name }) => {
      return ['--as-node', join(this.federation.folderOf(name), 'receipts.log')];
    });
    const audit = await stage.run(['audit', 'verify', bundle, ...anchors]);
    expect(audit.json(), audit.stderr).toMatchObject({ verdict: 'VERIFIED', finding: null });
    return rounds.map(({ modelAfter }) => modelAfter);
  }
}
