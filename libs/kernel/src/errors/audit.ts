/** `AUDIT_` codes; see catalogue.ts. */
export const audit = {
  AUDIT_BUNDLE_MALFORMED: {
    message: 'the bundle is not valid: {path}: {reason}',
    hint: 'Export it again: `tally audit export`.',
    status: 400,
    disposition: 'fix',
  },
  AUDIT_UNAVAILABLE: {
    message: 'the evidence cannot be read: {reason}',
    hint: 'Check the address, or verify an exported bundle.',
    status: 503,
    disposition: 'retry',
  },
  AUDIT_RUNTIME_UNKNOWN: {
    message: 'block {block} runs code {code}, which is not in the released manifest',
    hint: 'Give the manifest of that release, or treat the chain as foreign.',
    status: 400,
    disposition: 'refuse',
  },
} as const;
