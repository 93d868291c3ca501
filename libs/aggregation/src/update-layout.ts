import { padTo8 } from './bytes.js';
import { type Codec, CODECS, SPARSE_BIT } from './codec.js';
import type { Manifest } from './manifest.js';
import type { UpdateForm } from './update-form.js';

/** Bytes before the shifts. */
export const HEADER_BYTES = 56;

/**
 * Where everything lies in an update file of one model in one form (protocol.md §1.3): header, shifts u8[blocks],
 * bitmap if sparse, q. All offsets and lengths are in bytes and do not depend on the update's values.
 */
export interface UpdateLayout {
  readonly manifest: Manifest;
  readonly codec: Codec;
  /** The file's codec byte. */
  readonly codecByte: number;
  readonly isSparse: boolean;
  /** Values in the file: d, or of a sparse one k = max(1, ⌈d·topPpm ÷ 10⁶⌉). */
  readonly sent: number;
  /** Header and padded shifts: what `readHead` looks at. */
  readonly headBytes: number;
  /** Start of q. In a dense file the q of position j is at qAt + bytesPerQ·j. */
  readonly qAt: number;
  /** Length of the file. */
  readonly bytes: number;
}

/** The layout of updates of this model in this form. */
export function updateLayout(manifest: Manifest, form: UpdateForm): UpdateLayout {
  const codec = CODECS[form.codec];
  const isSparse = form.topPpm !== undefined;
  const headBytes = HEADER_BYTES + padTo8(manifest.blocks);
  const qAt = headBytes + (isSparse ? padTo8(Math.ceil(manifest.d / 8)) : 0);
  const sent = sentOf(manifest.d, form.topPpm);
  return {
    ...{ manifest, codec, codecByte: isSparse ? codec.id | SPARSE_BIT : codec.id, isSparse },
    ...{ sent, headBytes, qAt, bytes: qAt + codec.bytesPerQ * sent },
  };
}

/** d·topPpm stays below 2⁴⁸, so this is exact. */
function sentOf(d: number, topPpm: number | undefined): number {
  return topPpm === undefined ? d : Math.max(1, Math.ceil((d * topPpm) / 1_000_000));
}
