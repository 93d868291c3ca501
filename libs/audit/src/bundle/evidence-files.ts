import type { RunId } from '@tallystick/kernel';
import type { BlobBytes } from '@tallystick/rounds';
import type { BundleFile } from './manifest.js';

/** The files of a bundle (protocol.md §9), wherever they come from: a folder, or the coordinator's REST. */
export interface EvidenceFiles {
  readonly manifest: { readonly run: RunId };
  /** Every path there is, ascending. */
  paths(): readonly string[];
  /** Size and hash of a file; undefined when it is not there. */
  file(path: string): BundleFile | undefined;
  /** A fresh buffer; undefined when the file is not there. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Calls `use` with a file that is there, to be read in pieces. */
  withBytes<T>(path: string, use: (blob: BlobBytes) => T): Promise<T>;
}
