import { TallyError } from '@tallystick/kernel';
import type { DataSpec } from '@tallystick/protocol';
import { featureWidth } from '@tallystick/rounds';
import type { Dataset, Examples } from './dataset.js';
import type { RawSet, Table } from './table.js';

type Feature = DataSpec['features'][number];

/** Numbers of one prepared file: 512 MiB of float32. */
export const MAX_PREPARED_VALUES: number = 2 ** 27;

/** A deviation at or below this share of the column's largest value is rounding noise: the column is constant. */
const CONSTANT = 1e-9;

/** One column of x, with what it learnt from the train rows. */
interface Column {
  /** Position of its feature in the spec. */
  readonly feature: number;
  /** Set for a one-hot column: 1 where the cell holds this category, else 0. */
  readonly category: number | undefined;
  /** Replaces an empty cell. */
  readonly fill: number;
  readonly mean: number;
  readonly deviation: number;
}

/**
 * The feature pipeline: impute, one-hot, standardise. Everything learnt (means, medians, deviations) comes from this
 * file's own train rows, so no statistic leaves the site. All sums run in row order in binary64 and are rounded to
 * float32 once, at the end: the same file gives the same bits on every machine.
 */
export function prepareDataset(file: string, table: Table, data: DataSpec): Dataset {
  const width = featureWidth(data);
  const rows = table.train.labels.length + table.test.labels.length;
  if (rows * width > MAX_PREPARED_VALUES) {
    const meta = { file, limit: MAX_PREPARED_VALUES, what: 'numbers after one-hot' };
    throw new TallyError('DATA_TOO_LARGE', meta);
  }
  if (table.train.labels.length === 0) throw new TallyError('DATA_EMPTY', { file, set: 'train' });
  const stride = data.features.length;
  const columns = data.features.flatMap((feature, at) => {
    const cells = table.train.labels.map((_, row) => table.train.values[row * stride + at]);
    return fit(feature, at, { cells, fill: fillOf(file, feature, cells) });
  });
  return {
    train: encode(table.train, stride, columns),
    test: encode(table.test, stride, columns),
    width,
  };
}

/** The columns of one feature: one per category, or one. */
function fit(
  feature: Feature,
  at: number,
  train: { readonly cells: readonly number[]; readonly fill: number },
): Column[] {
  const { fill } = train;
  return (feature.oneHot ?? [undefined]).map((category) => {
    const raw = { feature: at, category, fill, mean: 0, deviation: 1 };
    if (feature.scale !== 'standard') return raw;
    const values = train.cells.map((cell) => numberOf(raw, cell));
    const mean = meanOf(values);
    return { ...raw, mean, deviation: deviationOf(values, mean) };
  });
}

/** The cell after imputing and one-hot, before scaling. */
function numberOf(column: Column, cell: number): number {
  const value = Number.isNaN(cell) ? column.fill : cell;
  if (column.category === undefined) return value;
  return value === column.category ? 1 : 0;
}

function fillOf(file: string, feature: Feature, column: readonly number[]): number {
  const { impute } = feature;
  if (impute === undefined) return Number.NaN;
  if (typeof impute === 'number') return impute;
  const known = column.filter((value) => !Number.isNaN(value));
  if (known.length === 0) {
    throw new TallyError('DATA_COLUMN_EMPTY', { file, column: feature.column });
  }
  return impute === 'mean' ? meanOf(known) : medianOf(known);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle value, or the mean of the two middle ones. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  return (low + high) / 2;
}

/**
 * Unbiased standard deviation with a floor: a constant column (Switzerland's `chol` is 0 in every train row) is
 * only centred. Dividing by deviation + 1e-9 instead would turn one odd test value into 1e9.
 */
function deviationOf(values: readonly number[], mean: number): number {
  if (values.length < 2) return 1;
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  const deviation = Math.sqrt(squares / (values.length - 1));
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return deviation <= CONSTANT * largest ? 1 : deviation;
}

function encode(set: RawSet, stride: number, columns: readonly Column[]): Examples {
  const rows = set.labels.length;
  const x = new Float32Array(rows * columns.length);
  let out = 0;
  for (let row = 0; row < rows; row++) {
    for (const column of columns) {
      const value = numberOf(column, set.values[row * stride + column.feature]);
      x[out++] = (value - column.mean) / column.deviation;
    }
  }
  return { x, y: Float32Array.from(set.labels), rows };
}
