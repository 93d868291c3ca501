import { asHash, asRunId, type Hash, type RunId, TallyError, utf8 } from '@tallystick/kernel';
import { canonicalJson } from '@tallystick/record';

/** Format name of this version of the bundle. */
export const BUNDLE_FORMAT = 'tallystick-evidence/1';

/** One file of a bundle. The hash only locates damage; the verdict never rests on it. */
export interface BundleFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: Hash;
}

/** `manifest.json`. */
export interface BundleManifest {
  readonly run: RunId;
  readonly genesis: Hash;
  /** Hash of the newest exported block. */
  readonly head: Hash;
  /** Every other file, sorted by path. */
  readonly files: readonly BundleFile[];
}

/** Canonical bytes. */
export function encodeManifest(manifest: BundleManifest): Uint8Array {
  return utf8(canonicalJson({ format: BUNDLE_FORMAT, ...manifest }));
}

function malformed(reason: string): TallyError {
  return new TallyError('AUDIT_BUNDLE_MALFORMED', { path: 'manifest.json', reason });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fileOf(value: unknown): BundleFile {
  if (!isRecord(value)) throw new RangeError('a file entry is not an object');
  const { path, bytes, sha256, ...rest } = value;
  if (typeof path !== 'string' || typeof bytes !== 'number' || typeof sha256 !== 'string') {
    throw new RangeError('a file entry needs path, bytes and sha256');
  }
  if (Object.keys(rest).length > 0 || !Number.isSafeInteger(bytes)) {
    throw new RangeError(`the entry of ${path.slice(0, 80)} is not valid`);
  }
  return { path, bytes, sha256: asHash(sha256) };
}

/** Reads and checks; throws AUDIT_BUNDLE_MALFORMED. Only the canonical form is accepted. */
export function decodeManifest(bytes: Uint8Array): BundleManifest {
  const text = new TextDecoder('utf-8', { fatal: true });
  try {
    const decoded = text.decode(bytes);
    const json: unknown = JSON.parse(decoded);
    if (!isRecord(json) || json['format'] !== BUNDLE_FORMAT) {
      throw new RangeError(`its format is not ${BUNDLE_FORMAT}`);
    }
    const { run, genesis, head, files } = json;
    if (typeof run !== 'number' || typeof genesis !== 'string' || typeof head !== 'string') {
      throw new RangeError('run, genesis or head is missing');
    }
    if (!Array.isArray(files)) throw new RangeError('files is missing');
    const manifest: BundleManifest = {
      run: asRunId(run),
      genesis: asHash(genesis),
      head: asHash(head),
      files: files.map(fileOf),
    };
    if (canonicalJson(json) !== decoded) throw new RangeError('it is not in canonical form');
    return manifest;
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error));
  }
}
