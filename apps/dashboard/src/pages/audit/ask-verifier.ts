import { credentials } from '../../api/client.js';
import type { Question, Word } from './questions.js';
// oxlint-disable-next-line import/default -- Vite answers with the address of the built worker
import worker from './verifier.worker.ts?worker&url';

/** The address of a worker is a script to the browser: only this one may become one (Trusted Types). */
interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): {
    createScriptURL(url: string): string;
  };
}

const { trustedTypes } = globalThis as { readonly trustedTypes?: Policies }; // not in every browser
const policy = trustedTypes?.createPolicy('verifier', {
  createScriptURL: (url) => {
    if (url !== worker) throw new TypeError('not the verifier');
    return url;
  },
});

/** Starts a verifier for one question; `stop` ends it at once. */
export function askVerifier(
  question: Omit<Question, 'credentials'>,
  hear: (word: Word) => void,
): { readonly stop: () => void } {
  const verifier = new Worker(policy?.createScriptURL(worker) ?? worker, { type: 'module' });
  const stop = (): void => verifier.terminate();
  verifier.onmessage = ({ data }: MessageEvent<Word>) => {
    hear(data);
    if (data.kind !== 'progress' && data.kind !== 'step') stop();
  };
  verifier.onerror = () => {
    hear({ kind: 'trouble', message: 'the verifier could not be started' });
    stop();
  };
  verifier.postMessage({ ...question, credentials: credentials() } satisfies Question);
  return { stop };
}
