import { TallyError } from '@tallystick/kernel';
import type { Column, CsvShape } from './inspect-csv.js';

/** Features that a run may name. */
const MAX_FEATURES = 4096;
/** More whole values than this are an amount, not classes. */
const MAX_GUESSED_CLASSES = 10;

/** What the person said; what is not said is looked up in the file. */
export interface StudyChoice {
  readonly label: string;
  readonly features?: readonly string[];
  readonly classes?: readonly number[];
}

export type StudyLabel =
  | { readonly column: string; readonly above: number }
  | { readonly column: string; readonly classes: readonly number[] }
  | { readonly column: string; readonly value: true };

/** What a run over the file will be. */
export interface StudyPlan {
  readonly label: StudyLabel;
  readonly features: readonly string[];
  /** Column that says train or test; `isNew` when the copy of the file gets it. */
  readonly split: { readonly column: string; readonly isNew: boolean };
  /** Columns that were left out, with the reason. */
  readonly left: readonly { readonly column: string; readonly why: string }[];
}

/** Decides label, features and split. Throws USAGE_INVALID with the columns there are, or DATA_CELL_INVALID's reasons. */
export function planStudy(shape: CsvShape, choice: StudyChoice): StudyPlan {
  const label = columnOf(shape, choice.label);
  const split = splitOf(shape);
  const others = shape.columns.filter(({ name }) => name !== label.name && name !== split.column);
  const named = choice.features?.map((name) => columnOf(shape, name));
  const wrong = named?.find((column) => whyNot(column) !== undefined && !column.isCounter);
  if (wrong !== undefined) throw unusable(wrong.name, whyNot(wrong) ?? '');
  if (named?.some(({ name }) => name === label.name) === true) {
    throw unusable(label.name, 'the label is never a feature');
  }
  const features = (named ?? others.filter((column) => whyNot(column) === undefined)).map(
    ({ name }) => name,
  );
  if (features.length === 0 || features.length > MAX_FEATURES) {
    const detail = `${features.length} columns could be features; a run takes 1 to ${MAX_FEATURES}: name them with --features`;
    throw new TallyError('USAGE_INVALID', { detail });
  }
  return {
    label: labelOf(label, choice.classes),
    features,
    split,
    left: others
      .filter(({ name }) => !features.includes(name))
      .map((column) => ({ column: column.name, why: whyNot(column) ?? 'not named' })),
  };
}

/** Why a column is no feature by itself. */
function whyNot({ kind, isCounter }: Column): string | undefined {
  if (kind === 'empty') return 'it is empty';
  if (kind === 'text') return 'it holds text; cells must be numbers';
  return isCounter ? 'it counts rows' : undefined;
}

function columnOf({ columns }: CsvShape, name: string): Column {
  const found = columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  const names = columns.map((column) => column.name).join(', ');
  const detail = `there is no column ${JSON.stringify(name)}; there are: ${names.slice(0, 500)}`;
  throw new TallyError('USAGE_INVALID', { detail });
}

function labelOf(column: Column, classes: readonly number[] | undefined): StudyLabel {
  const { name, kind, distinct } = column;
  if (kind !== 'number') throw unusable(name, whyNot(column) ?? '');
  if (classes !== undefined) return { column: name, classes };
  const values = distinct?.map(Number).toSorted((a, b) => a - b);
  const [low, high, third] = values ?? [];
  if (low !== undefined && high === undefined) throw unusable(name, `every row has ${low}`);
  if (low !== undefined && high !== undefined && third === undefined) {
    return { column: name, above: low };
  }
  const areClasses =
    values !== undefined &&
    values.length <= MAX_GUESSED_CLASSES &&
    values.every((value) => Number.isInteger(value));
  return areClasses ? { column: name, classes: values } : { column: name, value: true };
}

function unusable(column: string, why: string): TallyError {
  return new TallyError('USAGE_INVALID', { detail: `column ${JSON.stringify(column)}: ${why}` });
}

/** A column that holds nothing but train, test and gaps; else a new one, named so that it meets no other. */
function splitOf({ columns }: CsvShape): StudyPlan['split'] {
  const found = columns.find(
    ({ kind, distinct }) =>
      kind === 'text' &&
      distinct?.includes('train') === true &&
      distinct.every((word) => word === 'train' || word === 'test'),
  );
  if (found !== undefined) return { column: found.name, isNew: false };
  const names = new Set(columns.map(({ name }) => name));
  let column = 'set';
  while (names.has(column)) column = `${column}_`;
  return { column, isNew: true };
}
