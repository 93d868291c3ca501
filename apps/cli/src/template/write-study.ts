import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parseRunSpec } from '@tallystick/protocol';
import { makeEmpty } from '../federation/make-empty.js';
import { csvLine } from '../history/csv.js';
import { csvRecords } from './inspect-csv.js';
import type { StudyPlan } from './plan-study.js';

/** One row of this many tests the model; the others train it. */
const TEST_EVERY = 5;

export interface Study {
  /** New or empty. */
  readonly folder: string;
  readonly name: string;
  /** The CSV that the study is about; it is copied, never changed. */
  readonly file: string;
  readonly plan: StudyPlan;
}

/**
 * Writes run.yaml, data.csv, sites/<name>/node.yaml and README.md: what `tally simulate` plays at once. Throws
 * CONFIG_FOLDER_UNWRITABLE, CONFIG_RUN_SPEC_INVALID before anything is written, and DATA_*.
 */
export async function writeStudy(study: Study, signal: AbortSignal): Promise<readonly string[]> {
  const { folder, name } = study;
  const spec = runYaml(study);
  const parsed = parseRunSpec(spec, 'run.yaml');
  if (!parsed.ok) throw parsed.error;
  await makeEmpty(folder);
  const site = join('sites', name);
  await mkdir(join(folder, site), { recursive: true });
  const texts = {
    'run.yaml': spec,
    [join(site, 'node.yaml')]: nodeYaml(name),
    'README.md': readme(study),
  };
  for (const [path, text] of Object.entries(texts)) await writeFile(join(folder, path), text);
  await copyCsv(study, signal);
  return [...Object.keys(texts), 'data.csv'];
}

/** A number or a JSON string: both are YAML. */
const word = (value: unknown): string => JSON.stringify(value);

function runYaml({ name, plan }: Study): string {
  const { label, features, split } = plan;
  const classes = 'classes' in label ? label.classes.length : 1;
  const loss =
    'value' in label
      ? 'meanSquaredError'
      : classes > 1
        ? 'softmaxCrossEntropy'
        : 'sigmoidCrossEntropy';
  return `# What is trained, and how. Every field: docs/run-yaml.md
tallystick: 1
name: ${name}
purpose: DUO:0000042 # general research use; the sites' policies decide by it

data:
  dataset: ${name}
  label: ${word(label)}
  split: { column: ${word(split.column)} }
  missing: drop
  features:
${features.map((column) => `    - { column: ${word(column)}, scale: standard }`).join('\n')}

model:
  layers:
    - dense: { units: ${classes} }
  loss: ${loss}
  init: zeros

local:
  epochs: 1
  batchSize: 16
  optimizer:
    sgd: { learningRate: 0.05 }

strategy:
  fedAvg: {}

rounds: 10
window:
  count: { min: 1 } # how many sites must answer; raise it with every site that joins
  deadlineMs: 60000
seed: 0
`;
}

function nodeYaml(name: string): string {
  return `# What the node of this site may do. Paths are relative to this file.
name: ${name}
organisation: ${name}
coordinator: http://127.0.0.1:7700

datasets:
  ${name}: ../../data.csv

policy:
  purposes: [DUO:0000042]
  minCohort: 1 # raise it: with few nodes in a round, an update says more about its site
  models: any
`;
}

function readme({ name, plan }: Study): string {
  const left = plan.left.map(({ column, why }) => `- \`${column.replaceAll('`', "'")}\`: ${why}`);
  const splitWords = plan.split.isNew
    ? `Every ${TEST_EVERY}th row of \`data.csv\` is kept for testing (column \`${plan.split.column}\`).`
    : `Column \`${plan.split.column}\` says which rows train and which test.`;
  return `# ${name}

\`\`\`
tally simulate .                 # plays the run here, in one process
tally up                         # a coordinator; then, for each site:
tally node invite "<organisation>"
tally node join --token <token> --name <site> --folder sites/<site>
tally node start --folder sites/<site>
tally run launch run.yaml --wait
\`\`\`

${plan.features.length} columns are features; the label is \`${plan.label.column}\`. ${splitWords}
${left.length === 0 ? '' : `\nLeft out:\n\n${left.join('\n')}\n`}
A further site copies \`sites/${name}\`, names its own CSV with the same columns, and \`run.yaml\` raises \`window.count.min\`.
`;
}

/** Copies the CSV as plain RFC 4180 with LF, with the split column where it has none; one piece is in memory at a time. */
async function copyCsv({ folder, file, plan }: Study, signal: AbortSignal): Promise<void> {
  const out = createWriteStream(join(folder, 'data.csv'), { flags: 'wx' });
  await pipeline(copyOf(file, plan.split, signal), out, { signal });
}

async function* copyOf(
  file: string,
  split: StudyPlan['split'],
  signal: AbortSignal,
): AsyncGenerator<string> {
  let row = 0;
  for await (const records of csvRecords(file, signal)) {
    let text = '';
    for (const { cells } of records) {
      const set = row % TEST_EVERY === 0 ? 'test' : 'train';
      const more = split.isNew ? [row === 0 ? split.column : set] : [];
      text += csvLine([...cells, ...more]);
      row++;
    }
    yield text;
  }
}
