import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './stage.js';

export const HEART = join(ROOT, 'examples/heart-disease');
export const SITE_NAMES = ['cleveland', 'hungarian', 'switzerland', 'va'] as const;
type SiteName = (typeof SITE_NAMES)[number];

/** A site of the example: its file and what it allows. */
export interface Site {
  readonly name: string;
  readonly csv: string;
  nodeYaml(coordinator: string): string;
}

/** A copy of the example that a test may spoil. */
export class HeartCopy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async at(folder: string): Promise<HeartCopy> {
    await mkdir(folder, { recursive: true });
    for (const part of ['run.yaml', 'sites', ...SITE_NAMES.map((name) => `${name}.csv`)]) {
      await cp(join(HEART, part), join(folder, part), { recursive: true });
    }
    return new HeartCopy(folder);
  }

  get sites(): readonly Site[] {
    return SITE_NAMES.map((name) => {
      const csv = join(this.folder, `${name}.csv`);
      const nodeYaml = (coordinator: string): string =>
        [
          `name: ${name}`,
          `organisation: ${name}`,
          `coordinator: ${coordinator}`,
          `datasets: { heart: ${JSON.stringify(csv)} }`,
          'policy: { purposes: ["DUO:0000007"], minCohort: 3, models: any }',
          '',
        ].join('\n');
      return { name, csv, nodeYaml };
    });
  }

  runYaml(): Promise<string> {
    return readFile(join(this.folder, 'run.yaml'), 'utf8');
  }

  /** Replaces lines of run.yaml; each pattern must be there. */
  async editRun(...edits: readonly (readonly [RegExp, string])[]): Promise<string> {
    const text = edits.reduce(
      (before, [pattern, text]) => replaced(before, pattern, text),
      await this.runYaml(),
    );
    await writeFile(join(this.folder, 'run.yaml'), text);
    return text;
  }

  /** Rewrites the data lines of a site's CSV: cells by column name. */
  async editRows(
    site: SiteName,
    edit: (rows: readonly Record<string, string>[]) => readonly Record<string, string>[],
  ): Promise<void> {
    const file = join(this.folder, `${site}.csv`);
    const [head = '', ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const columns = head.split(',');
    const rows = lines.map((line) => {
      const cells = line.split(',');
      return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? '']));
    });
    const after = edit(rows).map((row) => columns.map((column) => row[column]).join(','));
    await writeFile(file, [head, ...after, ''].join('\n'));
  }
}

/** Three rounds of a few steps: seconds instead of half a minute. */
export const SMALL: readonly (readonly [RegExp, string])[] = [
  [/^rounds: .*$/m, 'rounds: 3'],
  [/^ {2}steps: .*$/m, '  steps: 5'],
];

function replaced(text: string, pattern: RegExp, replacement: string): string {
  if (!pattern.test(text)) throw new Error(`run.yaml has no ${pattern}`);
  return text.replace(pattern, replacement);
}
