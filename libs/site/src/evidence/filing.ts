import { asRunId, concatBytes, fromHex, type RunId, toHex } from '@tallystick/kernel';
import { CONTRIB } from '@tallystick/record';
import type { EvidenceFile } from './evidence-file.js';

/** A call of `pallet-tally`; `bytes` is hex of the SCALE of its last argument. */
export type Filing = (
  | {
      readonly call: 'demand';
      readonly run: RunId;
      readonly round: number;
      /** `Subject`. */
      readonly bytes: string;
    }
  | {
      readonly call: 'dispute';
      /** `Fault`. */
      readonly bytes: string;
    }
  | {
      readonly call: 'halt';
      readonly run: RunId;
      /** `Ground`. */
      readonly bytes: string;
    }
) & {
  /**
   * False when the site was shown nothing: an honest coordinator could still answer, and the deposit would be lost. A
   * promise past due is reason enough: what it promised is owed by now.
   */
  readonly isProved: boolean;
};

/** Positions in the pallet's enums. */
const SUBJECT = { leaf: 0, promise: 1 } as const;
const GROUND = { promisePastDue: 1 } as const;
const FAULT = { headers: 2, header: 3, tasks: 4, task: 5 } as const;

/**
 * The call that puts a fault before the chain (protocol.md §5); undefined for what the chain cannot decide. Pure: the
 * pallet checks every byte again.
 */
export function filingOf(file: EvidenceFile): Filing | undefined {
  switch (file.kind) {
    case 'omitted':
    case 'substituted':
    case 'inclusion':
    case 'weight':
      return demandOf(file);
    case 'equivocation':
    case 'anchor':
      return disputeOf(file);
    case 'overdue':
      return overdueOf(file);
    case 'withheld':
    case 'excluded':
    case 'history':
    case 'task':
      return undefined;
  }
}

/** A leaf of this node that should not be as it is is demanded itself; else what became of the promise is. */
function demandOf(file: EvidenceFile): Filing | undefined {
  const { kind, round, node, records, leaves, exclusion } = file;
  const isProved = leaves.length > 0 || exclusion !== undefined;
  const at = { call: 'demand', run: asRunId(file.run), round, isProved } as const;
  const { promise } = records;
  if (kind !== 'weight' && promise !== undefined) {
    return { ...at, bytes: variant(SUBJECT.promise, promise) };
  }
  const own = leaves.find(({ leaf }) => CONTRIB.decode(fromHex(leaf)).node === node);
  if (own === undefined) return undefined;
  const index = new Uint8Array(4);
  new DataView(index.buffer).setUint32(0, own.index, true);
  return { ...at, bytes: variant(SUBJECT.leaf, toHex(index)) };
}

/** On the chain: show the update there. Not on the chain: whoever was promised something may halt the run. */
function overdueOf({ run, round, records, anchored }: EvidenceFile): Filing | undefined {
  const { promise } = records;
  if (promise === undefined) return undefined;
  const at = { run: asRunId(run), isProved: true } as const;
  return anchored === undefined
    ? { ...at, call: 'halt', bytes: variant(GROUND.promisePastDue, promise) }
    : { ...at, call: 'demand', round, bytes: variant(SUBJECT.promise, promise) };
}

function disputeOf({ kind, records }: EvidenceFile): Filing | undefined {
  const { task, otherTask, header, otherHeader } = records;
  const filed = (fault: number, ...wires: readonly string[]): Filing => ({
    call: 'dispute',
    bytes: variant(fault, ...wires),
    isProved: true,
  });
  if (kind === 'anchor') return header === undefined ? undefined : filed(FAULT.header, header);
  if (header !== undefined && otherHeader !== undefined) {
    return filed(FAULT.headers, header, otherHeader);
  }
  if (task !== undefined && otherTask !== undefined) return filed(FAULT.tasks, task, otherTask);
  return task === undefined ? undefined : filed(FAULT.task, task);
}

/** A signed record on the wire is the SCALE of the pallet's `Signed<R>`. */
function variant(index: number, ...wires: readonly string[]): string {
  return toHex(concatBytes(Uint8Array.of(index), ...wires.map((wire) => fromHex(wire))));
}
