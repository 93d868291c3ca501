import { fromHex, type RunId } from '@tallystick/kernel';
import { CONTRIB } from '@tallystick/record';
import type { EvidenceFile } from './evidence-file.js';

/** Of `pallet-tally`: SCALE of signed records as 0x-hex, under the names of the runtime's variants. */
export type Filing = (
  | {
      readonly call: 'demand';
      readonly args: readonly [
        RunId,
        number,
        { readonly Leaf: number } | { readonly Promise: string },
      ];
    }
  | { readonly call: 'dispute'; readonly args: readonly [AccusedOf] }
) & {
  /** False when the site was shown nothing: an honest coordinator could still answer, and the deposit would be lost. */
  readonly proved: boolean;
};

type AccusedOf =
  | { readonly Headers: readonly [string, string] }
  | { readonly Header: string }
  | { readonly Tasks: readonly [string, string] }
  | { readonly Task: string };

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
    case 'withheld':
    case 'excluded':
    case 'history':
    case 'task':
      return undefined;
  }
}

/** A leaf of this node that should not be as it is is demanded itself; else what became of the promise is. */
function demandOf(file: EvidenceFile): Filing | undefined {
  const { kind, run, round, node, records, leaves, exclusion } = file;
  const proved = leaves.length > 0 || exclusion !== undefined;
  const { promise } = records;
  if (kind !== 'weight' && promise !== undefined) {
    const args = [run, round, { Promise: `0x${promise}` }] as const;
    return { call: 'demand', args, proved };
  }
  const own = leaves.find(({ leaf }) => CONTRIB.decode(fromHex(leaf)).node === node);
  if (own === undefined) return undefined;
  return { call: 'demand', args: [run, round, { Leaf: own.index }], proved };
}

function disputeOf({ kind, records }: EvidenceFile): Filing | undefined {
  const { task, otherTask, header, otherHeader } = records;
  const filed = (accused: AccusedOf): Filing => ({
    call: 'dispute',
    args: [accused],
    proved: true,
  });
  if (kind === 'anchor') return header === undefined ? undefined : filed({ Header: `0x${header}` });
  if (header !== undefined && otherHeader !== undefined) {
    return filed({ Headers: [`0x${header}`, `0x${otherHeader}`] });
  }
  if (task !== undefined && otherTask !== undefined) {
    return filed({ Tasks: [`0x${task}`, `0x${otherTask}`] });
  }
  return task === undefined ? undefined : filed({ Task: `0x${task}` });
}
