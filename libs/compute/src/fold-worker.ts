/** Entry of a compute worker: answers one task at a time, in the order they were sent. */
import { createHash, type Hash as RunningHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { chooseUpdates, copyState } from '@tallystick/aggregation';
import { FsBlobStore } from '@tallystick/blobs';
import { type Hash, isTallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { held, LaneSession } from './lane-session.js';
import { type FoldStart, loadStart } from './load-start.js';
import { hashOf, readPrefix } from './read-update.js';
import type { Failure, ReplyMessage, TaskKind, TaskMessage, Tasks } from './tasks.js';

type Handlers = {
  [K in TaskKind]: (ask: Tasks[K]['ask']) => Tasks[K]['answer'] | Promise<Tasks[K]['answer']>;
};

/** The handlers over this worker's folds and running hashes, both bounded by the pool. */
function handlersOf(): Handlers {
  const lanes = new Map<number, LaneSession>();
  const hashes = new Map<number, RunningHash>();
  return {
    load: async ({ folder, spec }) =>
      shared(await loadStart(new FsBlobStore({ folder }), sha256, spec)),
    open: (lane) => void lanes.set(lane.fold, new LaneSession(lane)),
    inspect: ({ fold, update, path }) => held(lanes, fold, 'fold').inspect(update, path),
    add: ({ fold, path, weight }) => held(lanes, fold, 'fold').add(path, weight),
    gather: ({ fold, paths }) => held(lanes, fold, 'fold').gather(paths),
    openPass: ({ fold, pass }) => held(lanes, fold, 'fold').openPass(pass),
    runPass: ({ fold, rows }) => held(lanes, fold, 'fold').runPass(rows),
    choose: (choice) => chooseUpdates(choice),
    step: ({ fold, sumWeight }) => held(lanes, fold, 'fold').step(sumWeight),
    store: ({ fold, folder }) => held(lanes, fold, 'fold').store(folder),
    close: ({ fold }) => void lanes.delete(fold),
    hashFile: ({ path }) => hashOf(path),
    hashBegin: ({ stream, prefix }) => {
      const hash = createHash('sha256');
      if (prefix !== undefined) readPrefix(prefix, (piece) => hash.update(piece));
      hashes.set(stream, hash);
    },
    hashUpdate: ({ stream, bytes }) => void held(hashes, stream, 'hash').update(bytes),
    hashDigest: ({ stream }) => {
      const digest = held(hashes, stream, 'hash').digest('hex');
      hashes.delete(stream);
      return digest as Hash;
    },
    hashAbort: ({ stream }) => void hashes.delete(stream),
  };
}

/** The same values in memory that all workers see. */
function shared({ manifest, weights, state }: FoldStart): FoldStart {
  const copy = new Float32Array(new SharedArrayBuffer(weights.byteLength));
  copy.set(weights);
  const held = state && copyState(state, (bytes) => new SharedArrayBuffer(bytes));
  return { manifest, weights: copy, state: held };
}

function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return isTallyError(error) ? { code: error.code, meta: error.meta, message } : { message };
}

/** Calls the handler of the message's own kind: the one place where kind and ask are paired again. */
function run<K extends TaskKind>(handlers: Handlers, kind: K, ask: Tasks[K]['ask']): unknown {
  return handlers[kind](ask);
}

async function replyTo(handlers: Handlers, { id, kind, ask }: TaskMessage): Promise<ReplyMessage> {
  try {
    return { id, ok: true, answer: await run(handlers, kind, ask) };
  } catch (error) {
    return { id, ok: false, failure: failureOf(error) };
  }
}

const handlers = handlersOf();
let last = Promise.resolve();
parentPort?.on('message', (message: TaskMessage) => {
  last = last.then(async () => parentPort?.postMessage(await replyTo(handlers, message)));
});
