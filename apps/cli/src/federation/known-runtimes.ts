import { readFile } from 'node:fs/promises';
import { asHash, type Hash, TallyError } from '@tallystick/kernel';

/** The released runtime's manifest, beside its wasm. */
export const RUNTIME_MANIFEST: URL = new URL(
  '../../../../chain/wasm/manifest.json',
  import.meta.url,
);

/** Code hashes of released runtimes, with those of further manifests. */
export async function knownRuntimes(more: readonly string[] = []): Promise<ReadonlySet<Hash>> {
  const known = new Set<Hash>();
  for (const file of [RUNTIME_MANIFEST, ...more]) {
    try {
      const manifest = JSON.parse(await readFile(file, 'utf8')) as { codeHash: string };
      known.add(asHash(manifest.codeHash.replace(/^0x/, '')));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TallyError('DATA_FILE_UNREADABLE', { file: String(file), reason }, error);
    }
  }
  return known;
}
