import { isTallyError } from '@tallystick/kernel';
import type { DataSpec } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import type { Examples } from './dataset.js';
import { parseDataset } from './parse-dataset.js';

const SPLIT = { column: 'set', train: 'train', test: 'test' };

function spec(features: DataSpec['features'], rest: Partial<DataSpec> = {}): DataSpec {
  return {
    dataset: 'd',
    label: { column: 'y', above: 0 },
    split: SPLIT,
    missing: 'drop',
    features,
    ...rest,
  };
}

function rowsOf(examples: Examples, width: number): number[][] {
  return Array.from({ length: examples.rows }, (_, row) =>
    Array.from(examples.x.subarray(row * width, (row + 1) * width)),
  );
}

function read(data: DataSpec, ...lines: readonly string[]) {
  const { train, test, width } = parseDataset('a.csv', lines.join('\n'), data);
  return {
    train: rowsOf(train, width),
    test: rowsOf(test, width),
    labels: [...train.y],
    width,
  };
}

function refusal(data: DataSpec, ...lines: readonly string[]): { code: string; message: string } {
  try {
    read(data, ...lines);
  } catch (error) {
    if (isTallyError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('it was accepted');
}

describe('parseDataset', () => {
  it('splits by the named column and leaves out rows that belong to no set', () => {
    const data = read(
      spec([{ column: 'a' }]),
      'y,a,set',
      '0,1,train',
      '3,2,train',
      '1,3,test',
      '1,4,',
    );
    expect(data).toEqual({ train: [[1], [2]], test: [[3]], labels: [0, 1], width: 1 });
  });

  it('standardises with the mean and the unbiased deviation of the train rows alone', () => {
    const { train, test } = read(
      spec([{ column: 'a', scale: 'standard' }]),
      'y,a,set',
      '0,1,train',
      '0,3,train',
      '0,100,test',
    );
    const deviation = Math.sqrt(2);
    expect(train).toEqual([[Math.fround(-1 / deviation)], [Math.fround(1 / deviation)]]);
    expect(test).toEqual([[Math.fround(98 / deviation)]]);
  });

  it('only centres a column that is constant in the train rows', () => {
    const { train, test } = read(
      spec([{ column: 'a', scale: 'standard' }]),
      'y,a,set',
      ...Array.from({ length: 7 }, () => '0,0.1,train'),
      '0,1.1,test',
    );
    for (const [value] of train) expect(Math.abs(value ?? Number.NaN)).toBeLessThan(1e-15);
    expect(test).toEqual([[1]]);
  });

  it('one-hot: listed categories in their order, anything else all zeros', () => {
    const data = spec([{ column: 'cp', oneHot: [2, 3, 4] }]);
    const { train, width } = read(data, 'y,cp,set', '0,4,train', '0,1,train', '0,2,train');
    expect(width).toBe(3);
    expect(train).toEqual([
      [0, 0, 1],
      [0, 0, 0],
      [1, 0, 0],
    ]);
  });

  it('standardises the columns of a scaled one-hot feature; one that is constant is only centred', () => {
    const data = spec([{ column: 'cp', oneHot: [2, 3], scale: 'standard' }]);
    const { train, test } = read(data, 'y,cp,set', '0,2,train', '0,1,train', '0,3,test');
    const half = Math.fround(0.5 / Math.sqrt(0.5));
    expect(train).toEqual([
      [half, 0],
      [-half, 0],
    ]);
    expect(test).toEqual([[-half, 1]]);
  });

  it('drops rows with an empty cell in a used column, and only those', () => {
    const { train, labels } = read(
      spec([{ column: 'a' }, { column: 'b' }]),
      'y,a,b,other,set',
      '0,1,2,,train',
      '0,,2,5,train',
      '1,3,4,5,train',
      ',9,9,9,train',
    );
    expect(train).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(labels).toEqual([0, 1]);
  });

  it('imputes a number, the mean or the median of the known train cells', () => {
    const rows = ['y,a,set', '0,1,train', '0,2,train', '0,6,train', '0,,train', '0,,test'];
    const filled = (impute: number | 'mean' | 'median') => {
      const { train, test } = read(spec([{ column: 'a', impute }]), ...rows);
      return [train[3]?.[0], test[0]?.[0]];
    };
    expect(filled(-7)).toEqual([-7, -7]);
    expect(filled('mean')).toEqual([3, 3]);
    expect(filled('median')).toEqual([2, 2]);
  });

  it('reads labels as classes and as numbers', () => {
    const rows = ['y,a,set', '5,0,train', '3,0,train'];
    const classes = spec([{ column: 'a' }], { label: { column: 'y', classes: [3, 5] } });
    expect(read(classes, ...rows).labels).toEqual([1, 0]);
    const value = spec([{ column: 'a' }], { label: { column: 'y', value: true } });
    expect(read(value, ...rows).labels).toEqual([5, 3]);
  });

  it('gives equal bits for equal files', () => {
    const lines = ['y,a,set', ...Array.from({ length: 99 }, (_, i) => `0,${i * 0.37},train`)];
    const data = spec([{ column: 'a', scale: 'standard' }]);
    expect(read(data, ...lines)).toEqual(read(data, ...lines));
  });
});

describe('parseDataset refuses', () => {
  const data = spec([{ column: 'age' }]);

  it('a missing column, and names those that are there', () => {
    expect(refusal(data, 'y,Age,set', '0,1,train')).toEqual({
      code: 'DATA_COLUMN_MISSING',
      message: 'a.csv has no column age (it has: y, Age, set)',
    });
  });

  it('a cell that is not a number, with file, line, column and value', () => {
    expect(refusal(data, 'y,age,set', '0,1,train', '0,?,train')).toEqual({
      code: 'DATA_CELL_INVALID',
      message: 'a.csv line 3, column age: "?" is not a number',
    });
    for (const text of ['NaN', 'Infinity', '0x10', '1,5', '1e', '12abc', '-']) {
      expect(refusal(data, 'y,age,set', `0,"${text}",train`).code).toBe('DATA_CELL_INVALID');
    }
  });

  it('a number that does not fit float32', () => {
    const { message } = refusal(data, 'y,age,set', '0,1e39,train');
    expect(message).toContain('"1e39" is not a number that fits 32 bits');
  });

  it('a set that the run does not name', () => {
    const { message } = refusal(data, 'y,age,set', '0,1,tarin');
    expect(message).toBe('a.csv line 2, column set: "tarin" is not "train", "test" or empty');
  });

  it('a class that the run does not list', () => {
    const classes = spec([{ column: 'age' }], { label: { column: 'y', classes: [0, 1] } });
    const { message } = refusal(classes, 'y,age,set', '2,1,train');
    expect(message).toBe('a.csv line 2, column y: "2" is not one of 0, 1');
  });

  it('an empty cell under `missing: refuse`, but not one that is imputed', () => {
    const strict = spec([{ column: 'age' }], { missing: 'refuse' });
    expect(refusal(strict, 'y,age,set', '0,,train').code).toBe('DATA_CELL_MISSING');
    const imputed = spec([{ column: 'age', impute: 1 }], { missing: 'refuse' });
    expect(read(imputed, 'y,age,set', '0,,train').train).toEqual([[1]]);
  });

  it('a column with nothing to impute from', () => {
    const mean = spec([{ column: 'age', impute: 'mean' }]);
    expect(refusal(mean, 'y,age,set', '0,,train').code).toBe('DATA_COLUMN_EMPTY');
  });

  it('a file without train rows, without a header, with a row too short or a column twice', () => {
    expect(refusal(data, 'y,age,set', '0,1,test').code).toBe('DATA_EMPTY');
    expect(refusal(data, '').code).toBe('DATA_CSV_MALFORMED');
    expect(refusal(data, 'y,age,set', '0,1').message).toContain(
      'line 2: 2 cells, but the header has 3',
    );
    expect(refusal(data, 'y,age,age,set').message).toContain('names column "age" twice');
  });
});
