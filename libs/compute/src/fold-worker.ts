/**
 * Entry of a compute worker. It answers folds one at a time, in the order they were sent, and what uploads ask beside
 * them, each at once: whatever of it must come in order is done before the handler first waits.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { chooseUpdates } from '@tallystick/aggregation';
import { FsBlobStore } from '@tallystick/blobs';
import { isTallyError } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { held, LaneSession } from './lane-session.js';
import { loadStart } from './load-start.js';
import { hashOf } from './read-update.js';
import { SpoolSession } from './spool/spool-session.js';
import type { SpoolTasks, WorkerData } from './spool/spool-tasks.js';
import type { Failure, ReplyMessage, TaskKind, TaskMessage, Tasks } from './tasks.js';

type Handlers = {
  [K in TaskKind]: (ask: Tasks[K]['ask']) => Tasks[K]['answer'] | Promise<Tasks[K]['answer']>;
};

/** The handlers over this worker's folds and spooled files, both bounded by the pool. */
function handlersOf(): Handlers {
  const lanes = new Map<number, LaneSession>();
  return {
    load: ({ folder, spec }) =>
      loadStart(
        { blobs: new FsBlobStore({ folder }), sha256 },
        spec,
        (bytes) => new SharedArrayBuffer(bytes), // all workers see it
      ),
    open: (lane) => void lanes.set(lane.fold, new LaneSession(lane)),
    inspect: ({ fold, files }) => {
      const lane = held(lanes, fold, 'fold');
      return files.map((file) => lane.inspect(file));
    },
    squaredNorm: (file) => held(lanes, file.fold, 'fold').squaredNorm(file),
    add: ({ fold, files }) => held(lanes, fold, 'fold').add(files),
    addStored: ({ fold, ...file }) => held(lanes, fold, 'fold').addStored(file),
    gather: ({ fold, paths }) => held(lanes, fold, 'fold').gather(paths),
    openPass: ({ fold, pass }) => held(lanes, fold, 'fold').openPass(pass),
    runPass: ({ fold, rows }) => held(lanes, fold, 'fold').runPass(rows),
    choose: (choice) => chooseUpdates(choice),
    step: ({ fold, totals }) => held(lanes, fold, 'fold').step(totals),
    store: ({ fold, folder }) => held(lanes, fold, 'fold').store(folder),
    close: ({ fold }) => void lanes.delete(fold),
    hashFile: ({ path }) => hashOf(path),
    ...spoolHandlers(),
  };
}

function spoolHandlers(): Pick<Handlers, keyof SpoolTasks> {
  const { memory } = workerData as WorkerData; // what the pool starts every thread with
  const files = new Map<number, SpoolSession>();
  const take = (file: number): SpoolSession => {
    const session = held(files, file, 'file');
    files.delete(file);
    return session;
  };
  return {
    spoolOpen: ({ file, place }) => {
      const session = SpoolSession.open(place, memory);
      files.set(file, session);
      return session.bytes;
    },
    spoolAppend: ({ file, piece }) => held(files, file, 'file').append(piece),
    spoolStore: ({ file, update, folder }) => take(file).store(update, new FsBlobStore({ folder })),
    spoolWhole: async ({ place, piece, update, folder }) => {
      const session = SpoolSession.create(place, memory);
      try {
        session.append(piece);
        return await session.store(update, new FsBlobStore({ folder }));
      } finally {
        session.close();
      }
    },
    spoolClose: ({ file }) => {
      files.get(file)?.close();
      files.delete(file);
    },
  };
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
  const answer = async (): Promise<void> =>
    parentPort?.postMessage(await replyTo(handlers, message));
  if (message.kind.startsWith('spool')) void answer();
  else last = last.then(answer);
});
