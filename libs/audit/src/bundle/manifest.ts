import { asHash, asRunId, type Hash, type RunId, TallyError, utf8 } from '@tallystick/kernel';
import { canonicalJson } from '@tallystick/record';
import { isRecord, parseJson } from './strict-json.js';

/** Format name of this version of the bundle. */
const BUNDLE_FORMAT = 'tallystick-evidence/2';

/** One file of a bundle. Hash and CID only locate; the verdict never rests on them. */
export interface BundleFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: Hash;
  /** CIDv1 of the file under the profile `unixfs-v1-2025`: where it can be fetched from IPFS. */
  readonly cid: string;
}

/** Text of a CIDv1 with a SHA-256: base32 of 36 bytes. */
const CID = /^b[a-z2-7]{58}$/;

/** `manifest.json`. */
export interface BundleManifest {
  readonly run: RunId;
  readonly genesis: Hash;
  /** Hash of the newest exported block. */
  readonly head: Hash;
  /** Every other file, ascending by path. */
  readonly files: readonly BundleFile[];
}

/** Canonical bytes. */
export function encodeManifest(manifest: BundleManifest): Uint8Array {
  return utf8(canonicalJson({ format: BUNDLE_FORMAT, ...manifest }));
}

/** Reads and checks; throws AUDIT_BUNDLE_MALFORMED. Only the canonical form is accepted. */
export function decodeManifest(bytes: Uint8Array): BundleManifest {
  try {
    const { json, text } = parseJson(bytes);
    const manifest = manifestOf(json);
    if (canonicalJson({ format: BUNDLE_FORMAT, ...manifest }) !== text) {
      throw new RangeError('it is not in canonical form');
    }
    return manifest;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('AUDIT_BUNDLE_MALFORMED', { path: 'manifest.json', reason });
  }
}

function manifestOf(json: unknown): BundleManifest {
  if (!isRecord(json) || json['format'] !== BUNDLE_FORMAT) {
    throw new RangeError(`its format is not ${BUNDLE_FORMAT}`);
  }
  const { run, genesis, head, files } = json;
  if (typeof run !== 'number' || typeof genesis !== 'string' || typeof head !== 'string') {
    throw new RangeError('run, genesis or head is missing');
  }
  if (!Array.isArray(files)) throw new RangeError('files is missing');
  const list = files.map(fileOf);
  list.forEach(({ path }, i) => {
    const before = list[i - 1]?.path ?? '';
    if (path <= before) throw new RangeError(`${path.slice(0, 80)} is not in order`);
  });
  return { run: asRunId(run), genesis: asHash(genesis), head: asHash(head), files: list };
}

function fileOf(value: unknown): BundleFile {
  if (!isRecord(value)) throw new RangeError('a file entry is not an object');
  const { path, bytes, sha256, cid } = value;
  if (typeof path !== 'string' || typeof bytes !== 'number' || typeof sha256 !== 'string') {
    throw new RangeError('a file entry needs path, bytes and sha256');
  }
  if (typeof cid !== 'string' || !CID.test(cid)) {
    throw new RangeError(`${path.slice(0, 80)} has no cid`);
  }
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new RangeError(`${path.slice(0, 80)} cannot have ${bytes} bytes`);
  }
  return { path, bytes, sha256: asHash(sha256), cid };
}
