/** Examples ready to train on. */
export interface Examples {
  /** Row-major, rows × width, finite. */
  readonly x: Float32Array;
  /** One number per row: the class index, or the value to predict. */
  readonly y: Float32Array;
  readonly rows: number;
}

/** One site's data after the feature pipeline. Buffers are the dataset's: read, never written. */
export interface Dataset {
  readonly train: Examples;
  readonly test: Examples;
  /** Columns of x. */
  readonly width: number;
}
