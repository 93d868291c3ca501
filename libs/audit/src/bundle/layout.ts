/** Largest file of each kind, bytes; checked before a byte is read. */
const MIB = 1024 * 1024;
const JSON_LIMIT = MIB;

/** The only files a bundle may hold (protocol.md §9), with the largest size of each. */
const PATTERNS: readonly { readonly pattern: RegExp; readonly maxBytes: number }[] = [
  { pattern: /^manifest\.json$/, maxBytes: 64 * MIB },
  { pattern: /^chain\/spec\.json$/, maxBytes: 32 * MIB },
  { pattern: /^chain\/blocks\.bin$/, maxBytes: 4096 * MIB },
  { pattern: /^run\/spec\.json$/, maxBytes: JSON_LIMIT },
  { pattern: /^rounds\/\d{4,10}\/metrics\.json$/, maxBytes: JSON_LIMIT },
  {
    pattern:
      /^rounds\/\d{4,10}\/(task|cohort|header|leaves|excluded|receipts|declines|promises)\.bin$/,
    maxBytes: 512 * MIB,
  },
  { pattern: /^blobs\/[0-9a-f]{64}$/, maxBytes: 1024 * MIB },
];

/** Files of one round. */
export const ROUND_FILES = [
  'task.bin',
  'cohort.bin',
  'header.bin',
  'leaves.bin',
  'excluded.bin',
  'receipts.bin',
  'declines.bin',
  'promises.bin',
  'metrics.json',
] as const;
export type RoundFile = (typeof ROUND_FILES)[number];

/** Largest size of the file at `path`; undefined when a bundle must not hold it. */
export function limitOf(path: string): number | undefined {
  return PATTERNS.find(({ pattern }) => pattern.test(path))?.maxBytes;
}

/** `rounds/0007/header.bin`. */
export function roundPath(round: number, file: RoundFile): string {
  return `rounds/${String(round).padStart(4, '0')}/${file}`;
}

/** `blobs/<sha256>`. */
export function blobPath(sha256: string): string {
  return `blobs/${sha256}`;
}
