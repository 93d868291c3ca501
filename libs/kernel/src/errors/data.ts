/** `DATA_` codes; see catalogue.ts. */
export const data = {
  DATA_COLUMN_MISSING: {
    message: '{file} has no column {column} (it has: {columns})',
    hint: 'Add the column, or correct its name in run.yaml.',
    status: 400,
    disposition: 'fix',
  },
  DATA_FILE_UNREADABLE: {
    message: 'cannot read {file}: {reason}',
    hint: 'Check the path and the permissions.',
    status: 400,
    disposition: 'fix',
  },
  DATA_CELL_INVALID: {
    message: '{file} line {line}, column {column}: {value} is not {want}',
    hint: 'Correct the cell, or leave it empty when it is missing.',
    status: 400,
    disposition: 'fix',
  },
  DATA_EMPTY: {
    message: '{file} has no usable {set} rows',
    hint: 'Check the `set` column and `missing` in run.yaml.',
    status: 400,
    disposition: 'fix',
  },
  DATA_CSV_MALFORMED: {
    message: '{file} line {line}: {reason}',
    hint: 'Write it as RFC 4180 CSV with one header line.',
    status: 400,
    disposition: 'fix',
  },
  DATA_CELL_MISSING: {
    message: '{file} line {line}: column {column} is empty, and this run refuses missing cells',
    hint: 'Fill the cell, or set `missing: drop` or an `impute` value in run.yaml.',
    status: 400,
    disposition: 'fix',
  },
  DATA_COLUMN_EMPTY: {
    message: '{file}: column {column} has no value in the train rows to impute from',
    hint: 'Give `impute` a number in run.yaml, or leave the feature out.',
    status: 400,
    disposition: 'fix',
  },
  DATA_VALIDATION_MISMATCH: {
    message: '{file} is not the validation set of the run: its SHA-256 is {found}, not {want}',
    hint: 'Bring the file that `payout.validation` of the run spec names.',
    status: 400,
    disposition: 'fix',
  },
  DATA_EVIDENCE_INVALID: {
    message: '{file} is no evidence file: {reason}',
    hint: 'Give a file of `<site>/evidence/`, unchanged.',
    status: 400,
    disposition: 'fix',
  },
  DATA_TOO_LARGE: {
    message: '{file} has more than {limit} {what}',
    hint: 'Split the file, or name fewer features in run.yaml; docs/limits.md lists every limit.',
    status: 400,
    disposition: 'fix',
  },
} as const;
