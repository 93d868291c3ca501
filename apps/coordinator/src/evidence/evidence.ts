import type { RunId, Sha256, Signer } from '@tallystick/kernel';
import { TallyError } from '@tallystick/kernel';
import type { RoundEvidence } from '@tallystick/protocol';
import {
  CONTRIB,
  encodeSigned,
  HEADER,
  PROMISE,
  RECEIPT,
  signRecord,
  TASK,
} from '@tallystick/record';
import { contribOf, type VoidSpan } from '@tallystick/rounds';
import type { ContributionEntity } from '../persistence/entities/index.js';
import { recordListHex, recordOf } from '../persistence/record-list.js';
import type { RoundFiles, RoundRows } from '../persistence/round-rows.js';
import type { RunRows } from '../persistence/run-rows.js';
import type { VoidRows } from '../persistence/void-rows.js';

export interface EvidenceDeps {
  readonly rows: RunRows;
  readonly rounds: RoundRows;
  readonly voids: Pick<VoidRows, 'of'>;
  /** The coordinator key: Ed25519 is deterministic, so the stored bytes get the signatures they once went out with. */
  readonly signer: Signer;
  readonly sha256: Sha256;
}

/** The read side for auditors: what a closed round left, in the records' own bytes. */
export class Evidence {
  readonly #deps: EvidenceDeps;

  constructor(deps: EvidenceDeps) {
    this.#deps = deps;
  }

  /** Everything the bundle holds of a round. Throws USAGE_UNKNOWN_ROUND for one that is not closed. */
  async round(run: RunId, number: number): Promise<RoundEvidence> {
    const { rounds, signer } = this.#deps;
    const files = await rounds.files(run, number);
    if (files === undefined) throw new TallyError('USAGE_UNKNOWN_ROUND', { run, round: number });
    const { round, declines } = files;
    const header = recordOf(HEADER, files.header);
    const counted = header.included === 0 ? [] : files.contributions;
    return {
      run,
      round: number,
      task: signRecord(TASK, recordOf(TASK, round.task), signer).wire,
      cohort: round.cohort,
      header: signRecord(HEADER, header, signer).wire,
      leaves: recordListHex(
        CONTRIB,
        counted.map((row) => this.#leaf(row)),
      ),
      excluded: round.exclusions ?? '',
      receipts: counted.map((row) =>
        encodeSigned(RECEIPT, recordOf(RECEIPT, row.receipt), row.receiptSignature),
      ),
      declines: declines.map(({ wire }) => wire),
      promises: promisesOf(files, signer),
      metrics: round.metrics ?? '{}',
    };
  }

  /** The numbers of a run that do not count. */
  async voids(run: RunId): Promise<VoidSpan[]> {
    const { rows, voids } = this.#deps;
    await rows.get(run);
    return [...(await voids.of(run))];
  }

  /** Signed headers of the closed rounds that count from `from` on, ascending. */
  async headers(run: RunId, from: number, limit: number): Promise<string[]> {
    const { rows, rounds, signer } = this.#deps;
    await rows.get(run);
    const headers = await rounds.headers(run, from, limit);
    return headers.map((header) => signRecord(HEADER, recordOf(HEADER, header), signer).wire);
  }

  #leaf({ receipt, receiptSignature: signature, weight }: ContributionEntity) {
    return contribOf(this.#deps.sha256, { receipt: recordOf(RECEIPT, receipt), signature, weight });
  }
}

/** Promises were made to every contribution, also to those of a round that closed empty. */
function promisesOf({ contributions }: RoundFiles, signer: Signer): string[] {
  return contributions.map(
    ({ promise }) => signRecord(PROMISE, recordOf(PROMISE, promise), signer).wire,
  );
}
