import type { DataSpec } from '@tallystick/protocol';
import { CsvParser } from './csv-parser.js';
import type { Dataset } from './dataset.js';
import { prepareDataset } from './prepare-dataset.js';
import { TableReader } from './table.js';

/** `loadDataset` for text that is already at hand: pure, runs anywhere. `file` only names the text in errors. */
export function parseDataset(file: string, text: string, data: DataSpec): Dataset {
  const table = new TableReader(file, data);
  const parser = new CsvParser(file, (cells, line) => table.record(cells, line));
  parser.push(text);
  parser.end();
  return prepareDataset(file, table.table(), data);
}
