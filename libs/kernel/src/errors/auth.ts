/** `AUTH_` codes; see catalogue.ts. */
export const auth = {
  AUTH_REQUIRED: {
    message: 'this needs a bearer token',
    hint: 'Send `Authorization: Bearer <token>`; the operator finds it in <data>/api-token.',
    status: 401,
    close: 4401,
    disposition: 'fix',
  },
  AUTH_DENIED: {
    message: 'the token does not allow {what}',
    hint: 'Ask the operator for a token that does.',
    status: 403,
    close: 4403,
    disposition: 'fix',
  },
  AUTH_LOGIN_UNSAFE: {
    message: 'the stored login {file} is not used: {reason}',
    hint: 'Log in again: `tally login <url>`.',
    status: 401,
    disposition: 'fix',
  },
  AUTH_TOKEN_UNKNOWN: {
    message: 'the invite token is not known here',
    hint: 'Ask the operator for a new one: `tally node invite`.',
    status: 401,
    disposition: 'fix',
  },
  AUTH_TOKEN_USED: {
    message: 'the invite token was used already',
    hint: 'Each token joins one node. Ask the operator for a new one: `tally node invite`.',
    status: 409,
    disposition: 'fix',
  },
  AUTH_TOKEN_EXPIRED: {
    message: 'the invite token expired at {expiredAt}',
    hint: 'Ask the operator for a new one: `tally node invite`.',
    status: 401,
    disposition: 'fix',
  },
  AUTH_TOKEN_MALFORMED: {
    message: 'the invite token cannot be read: {reason}',
    hint: 'Copy the whole token that `tally node invite` printed.',
    status: 400,
    disposition: 'fix',
  },
  AUTH_COORDINATOR_KEY: {
    message: 'the coordinator showed key {shown}, but this site pinned {pinned}',
    hint: 'Do not continue before the operator confirms the new key; then join again.',
    status: 502,
    close: 4495,
    disposition: 'fatal',
  },
  AUTH_HELLO_INVALID: {
    message: 'the hello of node {node} was refused: {reason}',
    hint: 'Check that this node is admitted and that its key is the registered one.',
    status: 401,
    close: 4401,
    disposition: 'refuse',
  },
  AUTH_KEY_INADMISSIBLE: {
    message: '{key} is not an admissible Ed25519 key (small order or not canonical)',
    hint: 'Make a new key; `tally node join` does.',
    status: 400,
    disposition: 'refuse',
  },
  AUTH_PROOF_INVALID: {
    message: 'the proof of possession for key {key} does not verify',
    hint: 'Join again; the proof is made by the key itself.',
    status: 400,
    disposition: 'refuse',
  },
  AUTH_RECORD_SIGNATURE: {
    message: 'the {record} is not signed by the coordinator key that this site pinned: {reason}',
    hint: 'Somebody else speaks in its name, or its key changed: ask the operator.',
    status: 502,
    close: 4495,
    disposition: 'refuse',
  },
  AUTH_INVITE_MISMATCH: {
    message: 'the coordinator at {url} is not the one that issued the invite: {reason}',
    hint: 'Nothing was signed or sent. Ask the operator for the right address or a new invite.',
    status: 502,
    disposition: 'fatal',
  },
  AUTH_PAYLOAD_REFUSED: {
    message:
      'the coordinator asked the owner key to sign something else than this registration: {reason}',
    hint: 'Nothing was signed. Do not continue before the operator explains it.',
    status: 502,
    disposition: 'fatal',
  },
} as const;
