import { CATALOGUE, type ErrorCode, TallyError } from '@tallystick/kernel';

/** What a coordinator said went wrong, in its own words; printable, so that it may be shown. */
class RemoteError extends TallyError {
  constructor(code: ErrorCode, message: string) {
    super(code);
    this.message = message;
  }
}

/** The error of an error frame. A code this version does not know becomes NET_CLOSED with the text. */
export function remoteError(head: { readonly code: string; readonly message: string }): TallyError {
  const message = head.message.replace(/\p{Cc}+/gu, ' ');
  if (isErrorCode(head.code)) return new RemoteError(head.code, message);
  return new TallyError('NET_CLOSED', { what: 'the coordinator', reason: message });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(CATALOGUE, code);
}
