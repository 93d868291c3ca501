import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from './heart.js';
import { ROOT } from './stage.js';

const DIGITS = join(ROOT, 'examples/optdigits');

/** Some sites of the digits example, in a folder that a test may spoil. */
export class DigitsCopy {
  readonly folder: string;
  readonly sites: readonly Site[];

  private constructor(folder: string, sites: readonly Site[]) {
    this.folder = folder;
    this.sites = sites;
  }

  /** The first `count` of its twenty sites. */
  static async at(folder: string, count: number): Promise<DigitsCopy> {
    await mkdir(join(folder, 'sites'), { recursive: true });
    const names = Array.from({ length: count }, (_, i) => `site-${String(i + 1).padStart(2, '0')}`);
    for (const name of names) {
      await cp(join(DIGITS, 'sites', name), join(folder, 'sites', name), { recursive: true });
    }
    return new DigitsCopy(
      folder,
      names.map((name) => siteIn(folder, name)),
    );
  }

  /** Writes `<name>.yaml`: fewer rounds over these sites, and `more` after its last line. */
  async write(name: string, rounds: number, more: string): Promise<{ file: string; text: string }> {
    const whole = await readFile(join(DIGITS, 'run.yaml'), 'utf8');
    const { length } = this.sites;
    const text = `${whole
      .replace(/^rounds: .*$/m, `rounds: ${rounds}`)
      .replace(/^ {2}count: .*$/m, `  count: { min: ${length}, max: ${length} }`)}${more}\n`;
    const file = join(this.folder, `${name}.yaml`);
    await writeFile(file, text);
    return { file, text };
  }
}

function siteIn(folder: string, name: string): Site {
  const csv = join(folder, 'sites', name, 'digits.csv');
  const nodeYaml = (coordinator: string): string =>
    [
      `name: ${name}`,
      `organisation: ${name}`,
      `coordinator: ${coordinator}`,
      `datasets: { digits: ${JSON.stringify(csv)} }`,
      'policy: { purposes: ["DUO:0000042"], minCohort: 3, models: any }',
      '',
    ].join('\n');
  return { name, csv, nodeYaml };
}
