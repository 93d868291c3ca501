/** How an update file is encoded (protocol.md §1.3). */
export interface UpdateForm {
  readonly codec: 'i32' | 'i16' | 'i8';
  /** Share of the positions that is sent, in millionths; undefined: all of them. */
  readonly topPpm?: number;
}

/** Every position in 32 bits: exact to 2⁻³³. */
export const DENSE_I32: UpdateForm = { codec: 'i32' };
