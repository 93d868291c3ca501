import type { Manifest } from '../manifest.js';
import type { Passes } from '../robust/aggregate.js';
import { chooseUpdates } from '../robust/choose-updates.js';
import { openPass } from '../robust/lane-pass.js';
import type { UpdateForm } from '../update-form.js';
import { sourceOf } from '../update-source.js';

/** Files of one round and how they are worked on. */
export interface LaneWork {
  readonly manifest: Manifest;
  readonly form: UpdateForm;
  readonly files: readonly Uint8Array[];
  readonly lanes?: number;
  /** Rows that every lane is given at once. */
  readonly rows?: number;
  readonly z?: BigInt64Array;
}

/** Passes over files in memory by several lanes on one thread; `sums` holds S afterwards. */
export function lanePasses(work: LaneWork): {
  readonly passes: Passes;
  readonly sums: BigInt64Array;
} {
  const { manifest, form, files, lanes = 1, rows = Infinity, z } = work;
  const sums = new BigInt64Array(manifest.d);
  const place = { manifest, form, updates: files.map(sourceOf), sums, z, lanes };
  const passes: Passes = {
    run: async (pass) => {
      const open = Array.from({ length: lanes }, (_, lane) => openPass(pass, { ...place, lane }));
      for (let from = 0; from < open[0].rows; from += rows) {
        const to = Math.min(from + rows, open[0].rows);
        for (const lane of open) lane.run({ from, to });
      }
    },
    choose: async (choice) => chooseUpdates(choice),
    zeros: (count) => new Float64Array(count),
  };
  return { passes, sums };
}
