import type { Hash } from '@tallystick/kernel';

/**
 * SHA-256 of what released runtimes answer to `Metadata_metadata_at_version` (14, 15, 16) and, as its length and bytes,
 * to `state_getMetadata`. With other metadata a chain node could have this program sign another call than it means,
 * or read one field for another. A released runtime adds its own; known-metadata.spec.ts says which.
 */
const KNOWN: ReadonlySet<string> = new Set([
  // runtime 1: versions 14, 15, 16, and plain
  'bb52279ebab116b47d98a491302981b59e5f6a481e3557e35e675f07011b04c1',
  'cc9832caded9a0a9f80f629e4a195a7ef72fa6be79af027d87c29e525f455776',
  '3216cd0adb86cde50e2f150f4ef7293451bc4ed44d83a521741981b40c75a1e1',
  '19e5ff82dfe25895228b3b66cbb78a2b8d17e35fce29b90c14a2c5c6c4b83439',
]);

export function isKnownMetadata(sha256: Hash): boolean {
  return KNOWN.has(sha256);
}
