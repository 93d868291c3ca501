import type { ErrorBody } from '@tallystick/protocol';

/** What the server, or the way to it, answered instead of an answer. */
export class ApiError extends Error {
  /** Listed in docs/errors.md; `OFFLINE` when nobody answered. */
  readonly code: string;
  readonly status: number;
  readonly hint: string;
  readonly where: string | undefined;

  constructor(status: number, { code, message, hint, where }: ErrorBody['error']) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.where = where;
  }

  static offline(): ApiError {
    return new ApiError(0, {
      code: 'OFFLINE',
      message: 'the server of this page does not answer',
      hint: 'this page tries again by itself; nothing that was stored is lost',
    });
  }
}
