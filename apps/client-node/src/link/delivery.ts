import { type FileHandle, open } from 'node:fs/promises';
import { isTallyError, TallyError } from '@tallystick/kernel';
import { type CoordinatorHead, LIMITS, type NodeHead } from '@tallystick/protocol';
import type { Answer } from '@tallystick/site';

const { chunkBytes } = LIMITS;

/** An upload slot may be long in coming when the whole cohort sends at once. */
const CREDIT_TIMEOUT_MS = 300_000;
/** The gate reads the whole update before it judges. */
const VERDICT_TIMEOUT_MS = 120_000;

export type Update = Extract<Answer, { kind: 'update' }>;
export type Verdict = Extract<CoordinatorHead, { kind: 'verdict' }>;

/** The part of a session that an upload needs. */
export interface DeliveryLine {
  send(head: NodeHead, payload?: Uint8Array): Promise<void>;
  /** The next credit or verdict for this round; rejects with NET_TIMEOUT, the signal's reason, or what ended it. */
  reply(
    at: Pick<Update, 'run' | 'round'>,
    wait: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Extract<CoordinatorHead, { kind: 'upload.credit' | 'verdict' }>>;
  /** The receipt was sent, and no verdict came in time. */
  unanswered(at: Pick<Update, 'run' | 'round'>): void;
}

/**
 * Sends an update: begin → credit → chunks from the credited offset → submit → verdict. What the coordinator has
 * from an earlier connection is not sent again. A verdict may come instead of a credit when the round is over.
 */
export async function deliverUpdate(
  line: DeliveryLine,
  update: Update,
  signal: AbortSignal,
): Promise<Verdict> {
  const { run, round, bytes } = update;
  const file = await open(update.path, 'r');
  try {
    const first = line.reply(update, { timeoutMs: CREDIT_TIMEOUT_MS, signal });
    const begin = { kind: 'upload.begin' as const, run, round, update: update.update, bytes };
    const [reply] = await Promise.all([first, line.send(begin)]);
    if (reply.kind === 'verdict') return reply;
    const from = checkedOffset(reply.offset, bytes);
    await sendChunks(line, { update, file, from }, signal);
    const last = line.reply(update, { timeoutMs: VERDICT_TIMEOUT_MS, signal });
    const submit = { kind: 'submit' as const, run, round, receipt: update.receipt };
    const answered = last.catch((error: unknown) => {
      if (isTallyError(error, 'NET_TIMEOUT')) line.unanswered(update);
      throw error;
    });
    const [verdict] = await Promise.all([answered, line.send(submit)]);
    if (verdict.kind === 'verdict') return verdict;
    throw unexpected(verdict.kind, 'a verdict comes after submit');
  } finally {
    await file.close();
  }
}

/** Every chunk but the last has exactly chunkBytes. */
async function sendChunks(
  line: DeliveryLine,
  {
    update,
    file,
    from,
  }: { readonly update: Update; readonly file: FileHandle; readonly from: number },
  signal: AbortSignal,
): Promise<void> {
  const { run, round, bytes } = update;
  for (let offset = from; offset < bytes; offset += chunkBytes) {
    signal.throwIfAborted();
    const chunk = Buffer.alloc(Math.min(chunkBytes, bytes - offset));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, offset);
    if (bytesRead !== chunk.length) {
      throw new TallyError('STORE_BLOB_DAMAGED', { sha256: update.update, got: 'a shorter file' });
    }
    await line.send({ kind: 'upload.chunk', run, round, offset }, chunk);
    const fraction = (offset + chunk.length) / bytes;
    await line.send({ kind: 'progress', run, round, stage: 'upload', fraction });
  }
}

function checkedOffset(offset: number, bytes: number): number {
  if (offset === bytes || (offset < bytes && offset % chunkBytes === 0)) return offset;
  throw unexpected('upload.credit', `offset ${offset} is not a chunk of ${bytes} bytes`);
}

function unexpected(kind: string, reason: string): TallyError {
  return new TallyError('PROTO_UNEXPECTED', { kind, reason });
}
