import { CATALOGUE, type ErrorCode, TallyError } from '@tallystick/kernel';
import type { ErrorBody } from '@tallystick/protocol';

/** An error that the coordinator answered: its own words under its own code. */
export class RemoteError extends TallyError {
  override readonly hint: string;

  constructor(code: ErrorCode, text: { readonly message: string; readonly hint: string }) {
    super(code);
    this.message = text.message;
    this.hint = text.hint;
  }
}

/** The error behind a status of 400 or more. */
export function remoteError(
  url: string,
  status: number,
  body: ErrorBody['error'] | undefined,
): TallyError {
  if (body === undefined) {
    return new TallyError('NET_UNREACHABLE', { url, reason: `it answered ${status}` });
  }
  const isKnown = (code: string): code is ErrorCode => Object.hasOwn(CATALOGUE, code);
  return new RemoteError(isKnown(body.code) ? body.code : 'INTERNAL', body);
}
