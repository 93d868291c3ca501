/** The audit in a thread of its own, so that the page stays awake while signatures are checked. */
import { type ChainRpc, readItems, recomputeRun } from '@tallystick/audit/recompute';
import { asRunId } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/crypto';
import type { Question, Word } from './questions.js';

/** Longest wait for one answer. */
const ANSWER_MS = 30_000;
/** Statuses that say something of the way here, not of the evidence. */
const NOT_EVIDENCE: ReadonlySet<number> = new Set([401, 403, 429, 502, 503, 504]);

self.onmessage = ({ data }: MessageEvent<Question>) => void answer(data);

function say(word: Word): void {
  self.postMessage(word);
}

async function answer(question: Question): Promise<void> {
  const rpc = relay(question);
  try {
    const run = asRunId(question.run);
    if (question.kind === 'items') {
      say({ kind: 'items', ...(await readItems(rpc, run)) });
      return;
    }
    const result = await recomputeRun({
      run,
      rpc,
      fetch: (path) => textOf(path, question),
      onStep: (step) => say({ kind: 'step', step }),
      onProgress: (progress) => say({ kind: 'progress', progress }),
    });
    say({ kind: 'recomputed', result, script: await ownHash() });
  } catch (error) {
    say({ kind: 'trouble', message: error instanceof Error ? error.message : String(error) });
  }
}

/** The bytes that this script was loaded from, as far as the same server gives them again. */
async function ownHash(): Promise<string> {
  const response = await fetch(self.location.href);
  return sha256(new Uint8Array(await response.arrayBuffer()));
}

function request(path: string, { credentials }: Question, body?: unknown): Promise<Response> {
  return fetch(`/api/v1/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...credentials },
    signal: AbortSignal.timeout(ANSWER_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** A file that the coordinator does not serve is missing evidence; being refused or unreachable is not. */
async function textOf(path: string, question: Question): Promise<string | undefined> {
  const response = await request(path, question);
  if (NOT_EVIDENCE.has(response.status)) throw new Error(`${path}: ${response.status}`);
  return response.ok ? response.text() : undefined;
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

function relay(question: Question): ChainRpc {
  return {
    call: async (requests) => {
      const batch = requests.map((each, id) => ({ jsonrpc: '2.0', id, ...each }));
      const response = await request('chain', question, batch);
      if (!response.ok) throw new Error(`the relay of the chain answered ${response.status}`);
      const answers = (await response.json()) as readonly Answer[]; // what they hold is checked by the steps
      return answers.map(({ result, error }) => {
        if (error !== undefined) throw new Error(error.message);
        return result;
      });
    },
  };
}
