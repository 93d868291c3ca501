import { type ErrorCode, toHex } from '@tallystick/kernel';
import { MEMBER } from '@tallystick/record';
import { join } from 'node:path';
import type { EvidenceFile } from '../evidence/evidence-file.js';
import { EvidenceFolder } from '../evidence/evidence-folder.js';
import type { LogLine } from '../log/log-line.js';
import type { SiteAgentDeps, SiteIdentity } from './agent-context.js';
import { type Contradiction, ContradictionError, evidenceLine } from './contradiction.js';
import { pinnedKey } from './pinned-key.js';

/** Said in every file of a site that knows no chain. */
const NO_CHAIN = 'whether the chain holds this header: node.yaml names no chain';
const NO_CONTENTS = 'what the round holds: the coordinator did not show it';

/** The first fault of several, for the caller. */
export interface Accusation {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Keeps what a coordinator did wrong: a file with every byte that shows it, a line in the log, an event. */
export class FaultDesk {
  readonly #identity: SiteIdentity;
  readonly #deps: SiteAgentDeps;
  readonly #folder: EvidenceFolder;

  constructor(identity: SiteIdentity, deps: SiteAgentDeps) {
    this.#identity = identity;
    this.#deps = deps;
    this.#folder = new EvidenceFolder(join(deps.folder, 'evidence'));
  }

  /** Durable when it resolves, together with `lines`: the files first, then the log. What is held already is not kept twice. */
  async accuse(
    found: readonly Contradiction[],
    lines: readonly LogLine[] = [],
  ): Promise<Accusation> {
    const { log } = this.#deps;
    const kept: LogLine[] = [];
    for (const one of found) {
      const line = evidenceLine(log, one);
      if (line === undefined) continue;
      await this.#keep(one);
      kept.push(line);
    }
    await log.append(...lines, ...kept);
    const [first] = found;
    if (first === undefined) throw new RangeError('there is nothing to accuse of');
    const { code, message } = new ContradictionError(first, this.#identity.node);
    return { code, message };
  }

  async #keep(one: Contradiction): Promise<void> {
    const { logger, onEvidence } = this.#deps;
    const { code, kind, run, round } = one;
    const file = this.#fileOf(one);
    const path = await this.#folder.keep(file);
    logger.error('evidence.kept', { code, kind, run, round, path: path ?? 'the folder is full' });
    if (path !== undefined) onEvidence?.(file, path);
  }

  #fileOf({ code, kind, run, round, reason, records, exhibits }: Contradiction): EvidenceFile {
    const { log, signer, chain } = this.#deps;
    const { chain: genesis, node } = this.#identity;
    const { task, receipt, promise, header, key } = log.round(run, round) ?? {};
    const isBlind = kind === 'omitted' && exhibits === undefined;
    return {
      format: 'tally/evidence/v1',
      kind,
      code,
      detail: reason.slice(0, 1024),
      chain: genesis,
      run,
      round,
      node,
      key: key ?? signer.key,
      coordinatorKey: pinnedKey(this.#identity, run, round) ?? this.#identity.coordinatorKey,
      records: {
        ...(task && { task: task.wire }),
        ...(receipt && { receipt: receipt.wire }),
        ...(promise && { promise: promise.wire }),
        ...(header && { header: header.wire }),
        ...records,
      },
      ...(task?.member && { member: toHex(MEMBER.encode(task.member)) }),
      leaves: [...(exhibits?.leaves ?? [])],
      ...(exhibits?.exclusion && { exclusion: exhibits.exclusion }),
      ...(exhibits?.anchored && { anchored: exhibits.anchored }),
      unchecked: [...(chain === undefined ? [NO_CHAIN] : []), ...(isBlind ? [NO_CONTENTS] : [])],
    };
  }
}
