import type { Hash, PublicKey } from '@tallystick/kernel';
import { ed25519, sha256 } from '@tallystick/kernel/node';
import { HEADER, type Header, recordHash, type Task, TASK, verifyRecord } from '@tallystick/record';
import { advance, type Position, startOf } from '@tallystick/rounds';
import type { RoundEvidence } from '../bundle/round-evidence.js';
import { roundPath } from '../bundle/layout.js';
import { readStoredRound } from '../chain-state.js';
import { type Culprit, demandEqual, Mismatch } from '../findings.js';
import type { History } from '../history.js';

const BY: Culprit = 'coordinator';

/** V2: the header chain from the genesis model to the head that the chain holds. */
export function checkHeaders(history: History): number {
  checkRun(history);
  const { runId, chain, spec, specHash, genesisModel } = history;
  const plan = { chain: chain.genesis, run: runId, spec, specHash, genesisModel: genesisModel.id };
  let position = startOf(sha256, plan);
  for (const evidence of history.rounds) {
    checkTask(history, evidence, position);
    checkHeader(history, evidence, position);
    position = advance(sha256, position, evidence.header.value);
  }
  const where = { record: 'run on the chain', by: BY };
  demandEqual(position.prev, history.run.head, { ...where, record: 'head of the run' });
  demandEqual(position.model, history.run.model, { ...where, record: 'model of the run' });
  demandEqual(position.state, history.run.state, { ...where, record: 'state of the run' });
  checkAnchors(history);
  return history.rounds.length;
}

function checkRun({ run, specHash, genesisModel, rounds }: History): void {
  demandEqual(run.spec, specHash, { record: 'run/spec.json', by: 'holder of the files' });
  demandEqual(run.genesisModel, genesisModel.id, { record: 'genesis model', by: BY });
  demandEqual(run.nextRound, rounds.length, { record: 'rounds/', by: 'holder of the files' });
}

function keyFor(history: History, round: number): PublicKey {
  const key = history.run.coordinatorKeys.findLast((entry) => entry.fromRound <= round)?.key;
  if (key === undefined) {
    throw new Mismatch({
      round,
      record: 'coordinator key',
      expected: 'a key in force',
      found: 'none',
      by: 'chain operator',
    });
  }
  return key;
}

function checkTask(history: History, evidence: RoundEvidence, position: Position): void {
  const { round } = evidence;
  const { value: task, signature } = evidence.task;
  const where = { round, record: roundPath(round, 'task.bin'), by: BY };
  const expected: Partial<Record<keyof Task, string | number>> = {
    chain: history.chain.genesis,
    run: history.runId,
    round: position.round,
    prev: position.prev,
    spec: history.specHash,
    model: position.model,
    state: position.state,
    atHash: history.chain.hashOf(task.atBlock) ?? 'a block of this chain',
  };
  for (const [field, value] of Object.entries(expected)) {
    const found = task[field as keyof Task]; // keys of the literal above
    demandEqual(value, found, { ...where, record: `${where.record} ${field}` });
  }
  if (task.atBlock < position.lastAtBlock) {
    const record = `${where.record} atBlock`;
    demandEqual(`at least ${position.lastAtBlock}`, task.atBlock, { ...where, record });
  }
  if (!verifyRecord(ed25519, TASK, task, keyFor(history, round), signature)) {
    demandEqual('signed by the coordinator key', 'another signature', where);
  }
}

function checkHeader(history: History, evidence: RoundEvidence, position: Position): void {
  const { round } = evidence;
  const { value: header, signature } = evidence.header;
  const task = evidence.task.value;
  const where = { round, record: roundPath(round, 'header.bin'), by: BY };
  const expected: Partial<Record<keyof Header, string | number | bigint>> = {
    chain: history.chain.genesis,
    mode: 0,
    run: history.runId,
    round: position.round,
    prev: position.prev,
    task: recordHash(sha256, TASK, task),
    atBlock: task.atBlock,
    modelBefore: position.model,
    cohort: task.cohort,
    deadlineMs: task.deadlineMs,
  };
  for (const [field, value] of Object.entries(expected)) {
    const found = header[field as keyof Header]; // keys of the literal above
    demandEqual(value, found, { ...where, record: `${where.record} ${field}` });
  }
  if (header.closedAtMs < position.lastClosedAtMs) {
    const record = `${where.record} closedAtMs`;
    demandEqual(`at least ${position.lastClosedAtMs}`, header.closedAtMs, { ...where, record });
  }
  if (!verifyRecord(ed25519, HEADER, header, keyFor(history, round), signature)) {
    demandEqual('signed by the coordinator key', 'another signature', where);
  }
  checkCommitted(history, header, recordHash(sha256, HEADER, header));
}

function checkCommitted({ chain, runId }: History, header: Header, headerHash: Hash): void {
  const { round } = header;
  const read = chain.stateAt(chain.head.number);
  const stored = read === undefined ? undefined : readStoredRound(read, runId, round);
  const where = { round, record: 'header committed on the chain', by: BY };
  demandEqual(stored?.header ?? 'a committed round', headerHash, where);
  demandEqual(stored?.contribRoot ?? '', header.contribRoot, where);
  demandEqual(stored?.isVoid === true ? 'void' : 'committed', 'committed', where);
}

/** What the nodes hold must be part of this history, and no longer than it. */
function checkAnchors(history: History): void {
  for (const log of history.anchors.logs) {
    for (const header of log.headers) {
      const own = history.rounds[header.round];
      const found =
        own === undefined ? 'no such round' : recordHash(sha256, HEADER, own.header.value);
      const record = `header of ${log.name}`;
      demandEqual(recordHash(sha256, HEADER, header), found, {
        round: header.round,
        record,
        by: BY,
      });
    }
    const known = history.run.coordinatorKeys.some(({ key }) => key === log.coordinatorKey);
    if (!known) {
      const record = `coordinator key pinned by ${log.name}`;
      demandEqual(log.coordinatorKey, history.run.coordinatorKeys[0]?.key ?? 'none', {
        record,
        by: BY,
      });
    }
  }
}
