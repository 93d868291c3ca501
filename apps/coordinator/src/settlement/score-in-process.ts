import { fork } from 'node:child_process';
import { type Hash, TallyError } from '@tallystick/kernel';
import { isScoringAnswer, type ScoringAnswer, type ScoringJob } from './scoring-job.js';

/** JavaScript heap of the scoring process; a round's updates lie outside it, at most 1 GiB (MAX_SCORED_VALUES). */
const MAX_HEAP_MB = 1_024;
/** Longest that the scores of an epoch may take. */
const TIMEOUT_MS = 6 * 3_600_000;
/** Characters of the process's last words that are kept. */
const TAIL_CHARS = 2_000;
// Right from src/ (tests) and from dist/ alike; the program itself always runs from dist/.
const ENTRY = new URL('../../dist/settlement/scoring-main.js', import.meta.url);

/**
 * Scores an epoch in a process of its own, with an empty environment: rounds go on beside it, and what it does to memory
 * costs that process alone. Rejects with ENGINE_CRASHED, ENGINE_TIMEOUT or the signal's reason; the process is gone then.
 */
export async function scoreInProcess(job: ScoringJob, signal: AbortSignal): Promise<Hash> {
  signal.throwIfAborted();
  const child = fork(ENTRY, [], {
    env: {},
    execArgv: [`--max-old-space-size=${MAX_HEAP_MB}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-TAIL_CHARS);
  });
  let undo = (): void => undefined;
  try {
    const answer = await new Promise<ScoringAnswer>((resolve, reject) => {
      const late = (): void => reject(new TallyError('ENGINE_TIMEOUT', { timeoutMs: TIMEOUT_MS }));
      const timer = setTimeout(late, TIMEOUT_MS);
      const abort = (): void => reject(signal.reason as Error); // an AbortController's reason
      signal.addEventListener('abort', abort, { once: true });
      undo = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
      };
      child.once('message', (message) => {
        if (isScoringAnswer(message)) resolve(message);
        else reject(crashed('a message that is no answer'));
      });
      child.once('error', (error) => reject(crashed(error.message)));
      child.once('close', (code, by) => reject(crashed(`${by ?? `exit code ${code}`} ${tail}`)));
      child.send(job, (error) => error !== null && reject(crashed(error.message)));
    });
    if (answer.kind === 'scored') return answer.sheet;
    throw crashed(answer.reason);
  } finally {
    undo();
    child.kill('SIGKILL');
  }
}

function crashed(reason: string): TallyError {
  return new TallyError('ENGINE_CRASHED', { reason: reason.trim() });
}
