import { type Chunk, CHUNK_POSITIONS, chunksOf } from './chunk.js';
import { allocate, kernelsOver } from './kernels/kernels.js';
import { blockOffsets, type Manifest } from './manifest.js';
import { stagedUpdate } from './staged-update.js';
import type { UpdateForm } from './update-form.js';
import { malformed, readHead, type Refusal } from './update-head.js';
import { updateLayout, type UpdateLayout } from './update-layout.js';
import { sourceOf, type UpdateSource } from './update-source.js';
import { stageBytes, UpdateStage } from './update-stage.js';

/** Answer of an inspection. `norm` is √Σv² in units of 2⁻³², in binary64 and the order of protocol.md §1.8. */
export type UpdateInspection = { readonly ok: true; readonly norm: number } | Refusal;

/**
 * The canonical check of updates of one model in one form (protocol.md §1.3): header, lengths, padding, bitmap, the
 * limits of every shift and q, and that no smaller shift would have held a block. Holds one chunk of the file.
 */
export class UpdateInspector {
  readonly #layout: UpdateLayout;
  readonly #stage: UpdateStage;
  readonly #offsets: Uint32Array;
  readonly #chunks: readonly Chunk[];

  constructor(layout: UpdateLayout, stage: UpdateStage) {
    const { manifest } = layout;
    this.#layout = layout;
    this.#stage = stage;
    this.#offsets = blockOffsets(manifest);
    const all = { first: 0, end: manifest.blocks };
    this.#chunks = chunksOf(this.#offsets, all, stage.chunkPositions);
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
    const head = new Uint8Array(Math.min(this.#layout.headBytes, source.bytes));
    source.read(head, 0);
    const read = readHead(head, source.bytes, this.#layout);
    if (!read.ok) return read;
    const staged = stagedUpdate(this.#layout, this.#stage, source);
    let sumSquares = 0;
    for (const chunk of this.#chunks) {
      const sum = staged.load(chunk) ?? this.#chunkSum(chunk, read.shifts, sumSquares);
      if (typeof sum !== 'number') return sum;
      sumSquares = sum;
    }
    return staged.end() ?? { ok: true, norm: this.#stage.kernels.sqrt(sumSquares) };
  }

  /** `sum` + Σ v² of the staged chunk, block by block, or why a block is not valid. */
  #chunkSum(chunk: Chunk, shifts: Uint8Array, sum: number): number | Refusal {
    const { codec } = this.#layout;
    for (let block = chunk.firstBlock; block < chunk.endBlock; block++) {
      const from = this.#offsets[block];
      const q = this.#stage.q.byteOffset + codec.bytesPerQ * (from - chunk.position);
      const measured = this.#stage.measure(q, this.#offsets[block + 1] - from);
      const shift = shifts[block];
      if (measured.max > codec.qMax) {
        return malformed(`block ${block} holds the value −${codec.qMax + 1}`);
      }
      if (shift > 0 && measured.max < codec.leastShifted) {
        return malformed(`block ${block} has shift ${shift} where a smaller one holds its values`);
      }
      sum += measured.sumSquares * 4 ** shift;
    }
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
