import type { IncomingMessage } from 'node:http';

/** Pages that may talk to a local chain, as a Substrate node allows by default. */
const ALLOWED_ORIGIN =
  /^(?:https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?|https:\/\/polkadot\.js\.org)$/;

/**
 * A browser names the page it acts for; programs name none. Without this check any page in the operator's browser could
 * read the chain, because WebSockets know no same-origin rule.
 */
export function isAllowedCaller(request: IncomingMessage): boolean {
  const { origin } = request.headers;
  return origin === undefined || ALLOWED_ORIGIN.test(origin);
}
