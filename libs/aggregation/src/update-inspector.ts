import { CHUNK_POSITIONS, chunksOf } from './chunk.js';
import { allocate, kernelsOver } from './kernels/kernels.js';
import { blockOffsets, type Manifest } from './manifest.js';
import type { UpdateForm } from './update-form.js';
import { type Refusal, refusalError } from './update-head.js';
import { updateLayout, type UpdateLayout } from './update-layout.js';
import { type PassItem, passOver, type PassRange } from './update-pass.js';
import { sourceOf, type UpdateSource } from './update-source.js';
import { stageBytes, UpdateStage } from './update-stage.js';

/** Answer of an inspection. */
export type UpdateInspection = { readonly ok: true } | Refusal;

const OK = { ok: true } as const;

/**
 * The canonical check of updates of one model in one form (protocol.md §1.3): header, lengths, padding, bitmap, the
 * limits of every shift and q, and that no smaller shift would have held a block. Holds one chunk of the file.
 */
export class UpdateInspector {
  readonly #range: PassRange;

  constructor(layout: UpdateLayout, stage: UpdateStage) {
    const { manifest } = layout;
    const offsets = blockOffsets(manifest);
    const chunks = chunksOf(offsets, { first: 0, end: manifest.blocks }, stage.chunkPositions);
    this.#range = { layout, stage, offsets, chunks };
  }

  /** An inspector with memory of its own. */
  static of(manifest: Manifest, form: UpdateForm): UpdateInspector {
    const layout = updateLayout(manifest, form);
    const memory = allocate(stageBytes(layout, CHUNK_POSITIONS));
    const place = { at: 0, kernels: kernelsOver(memory), chunkPositions: CHUNK_POSITIONS };
    return new UpdateInspector(layout, new UpdateStage(layout, memory, place));
  }

  /** Never throws for bad bytes; what the source throws passes through. */
  inspect(source: UpdateSource): UpdateInspection {
    const { kernels } = this.#range.stage;
    const visit: PassItem['visit'] = ({ q, count }) => kernels.largest(q, count);
    return passOver(this.#range, [{ source, visit }]) ?? OK;
  }

  /**
   * Σ v² of an update, in units of 2⁻⁶⁴, in binary64 and the order of protocol.md §1.8. Throws UPDATE_MALFORMED for an
   * update that is not canonical.
   */
  squaredNorm(source: UpdateSource): number {
    const { kernels } = this.#range.stage;
    const { bytesPerQ } = this.#range.layout.codec;
    let sum = 0;
    const visit: PassItem['visit'] = ({ q, count, shift }) => {
      sum += kernels.squares(q, count, bytesPerQ) * 4 ** shift;
      return kernels.largest(q, count);
    };
    const fault = passOver(this.#range, [{ source, visit }]);
    if (fault !== undefined) throw refusalError(fault);
    return sum;
  }
}

/** Is `bytes` the one canonical encoding of an update of this model in this form? Never throws for bad bytes. */
export function inspectUpdate(
  bytes: Uint8Array,
  manifest: Manifest,
  form: UpdateForm,
): UpdateInspection {
  return UpdateInspector.of(manifest, form).inspect(sourceOf(bytes));
}
