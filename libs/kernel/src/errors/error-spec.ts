/** What the receiver should do: `retry` later, `fix` the input, `refuse` (a protocol violation), or give up (`fatal`). */
export type Disposition = 'retry' | 'fix' | 'refuse' | 'fatal';

/** One entry of the catalogue. `{name}` in the texts is replaced by the meta field of that name. */
export interface ErrorSpec {
  /** What happened, with the offending thing. */
  readonly message: string;
  /** One thing to do. */
  readonly hint: string;
  /** HTTP status at the REST edge. */
  readonly status: number;
  /** WebSocket close code, where the socket is closed for it. */
  readonly close?: number;
  readonly disposition: Disposition;
}

/** A family of codes, keyed by code. */
export type ErrorFamily = Readonly<Record<string, ErrorSpec>>;
