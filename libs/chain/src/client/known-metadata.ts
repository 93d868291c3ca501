import type { Hash } from '@tallystick/kernel';

/**
 * SHA-256 of what released runtimes answer to `Metadata_metadata_at_version` (14, 15, 16) and, as its length and bytes,
 * to `state_getMetadata`. With other metadata a chain node could have this program sign another call than it means,
 * or read one field for another. A released runtime adds its own; known-metadata.spec.ts says which.
 */
const KNOWN: ReadonlySet<string> = new Set([]);

export function isKnownMetadata(sha256: Hash): boolean {
  return KNOWN.has(sha256);
}
