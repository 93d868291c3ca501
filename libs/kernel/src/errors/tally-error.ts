import { CATALOGUE, type ErrorCode } from './catalogue.js';
import type { Disposition, ErrorSpec } from './error-spec.js';

/** Facts that fill the texts of a code; safe to show, never secrets. */
export type ErrorMeta = Readonly<Record<string, string | number | bigint | boolean>>;

function fill(template: string, meta: ErrorMeta): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = meta[name];
    return value === undefined ? whole : String(value);
  });
}

/** The one error class. `code` is stable; `message` and `hint` are for people. */
export class TallyError extends Error {
  readonly code: ErrorCode;
  readonly meta: ErrorMeta;
  readonly hint: string;

  /** @param meta fills `{name}` in the catalogue's texts of `code`. */
  constructor(code: ErrorCode, meta: ErrorMeta = {}, cause?: unknown) {
    const spec = CATALOGUE[code];
    super(fill(spec.message, meta), cause === undefined ? {} : { cause });
    this.name = 'TallyError';
    this.code = code;
    this.meta = meta;
    this.hint = fill(spec.hint, meta);
  }

  get disposition(): Disposition {
    return this.spec.disposition;
  }

  get spec(): ErrorSpec {
    return CATALOGUE[this.code];
  }
}

/** Narrows to TallyError, optionally of one code. */
export function isTallyError(error: unknown, code?: ErrorCode): error is TallyError {
  return error instanceof TallyError && (code === undefined || error.code === code);
}
