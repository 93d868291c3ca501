import { type Hash, type RunId, type Sha256, TallyError, utf8 } from '@tallystick/kernel';
import { LIMITS, parseCanonicalSpec, type RunSpec } from '@tallystick/protocol';
import type { Contrib, Exclude } from '@tallystick/record';
import type { VoidSpan } from '@tallystick/rounds';

/** What a closed round is said to hold, ascending by node. */
export interface RoundContents {
  /** Behind contribRoot. */
  readonly leaves: readonly Contrib[];
  /** Behind excludedRoot. */
  readonly excluded: readonly Exclude[];
}

/** Where a node fetches what a task names by hash. Nothing it returns is trusted. */
export interface RunSource {
  /** Canonical JSON of a run spec. */
  spec(id: Hash, signal: AbortSignal): Promise<string>;
  /** A model file. */
  model(id: Hash, signal: AbortSignal): Promise<Uint8Array>;
  /** A server-state file of a run whose sites need it (SCAFFOLD). */
  state(id: Hash, signal: AbortSignal): Promise<Uint8Array>;
  /** Signed headers of `run` that count, in wire form, ascending from round `from`; at least one when there is any. */
  headers(run: RunId, from: number, signal: AbortSignal): Promise<readonly string[]>;
  /** Numbers of `run` that are said not to count, ascending. */
  voids(run: RunId, signal: AbortSignal): Promise<readonly VoidSpan[]>;
  /** Contributions and exclusions of a closed round. */
  contents(run: RunId, round: number, signal: AbortSignal): Promise<RoundContents>;
}

/** Fetches a run spec and refuses other bytes than the hash names, and any other form of the same spec. */
export async function fetchSpec(
  source: RunSource,
  sha256: Sha256,
  want: { readonly id: Hash; readonly signal: AbortSignal },
): Promise<RunSpec> {
  const text = await source.spec(want.id, want.signal);
  const bytes = utf8(text);
  checkSize('a run spec', bytes.length, LIMITS.maxRunSpecBytes);
  checkHash(sha256(bytes), want.id);
  const parsed = parseCanonicalSpec(text);
  if (!parsed.ok) throw parsed.error;
  return parsed.spec;
}

/** Fetches a model file and refuses other bytes than the hash names. */
export async function fetchModel(
  source: RunSource,
  sha256: Sha256,
  want: { readonly id: Hash; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const bytes = await source.model(want.id, want.signal);
  checkSize('a model', bytes.length, LIMITS.maxModelBytes);
  checkHash(sha256(bytes), want.id);
  return bytes;
}

/** Fetches a server-state file and refuses other bytes than the hash names. */
export async function fetchState(
  source: RunSource,
  sha256: Sha256,
  want: { readonly id: Hash; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const bytes = await source.state(want.id, want.signal);
  checkSize('a server state', bytes.length, LIMITS.maxModelBytes);
  checkHash(sha256(bytes), want.id);
  return bytes;
}

function checkSize(what: string, bytes: number, limit: number): void {
  if (bytes > limit) throw new TallyError('PROTO_TOO_LARGE', { what, bytes, limit });
}

function checkHash(got: Hash, want: Hash): void {
  if (got !== want) throw new TallyError('STORE_BLOB_DAMAGED', { sha256: want, got });
}
