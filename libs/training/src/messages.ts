import { type ErrorMeta, type ErrorCode, isTallyError, TallyError } from '@tallystick/kernel';
import type { Evaluation } from './engine.js';
import type { EvaluateRequest, TrainRequest, TrainResult } from './trainer.js';

/** What the parent asks its training process: a request without its signal, which cannot travel. */
export type Question =
  | ({ readonly kind: 'train' } & Omit<TrainRequest, 'signal'>)
  | ({ readonly kind: 'evaluate' } & Omit<EvaluateRequest, 'signal'>)
  | ({ readonly kind: 'gradient' } & Omit<EvaluateRequest, 'signal'>);

/** A TallyError as it travels. */
export interface Fault {
  readonly code: ErrorCode;
  readonly meta: ErrorMeta;
}

/** What the training process says: once that it is ready, then one answer per question. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'trained'; readonly result: TrainResult; readonly rssBytes: number }
  | { readonly kind: 'evaluated'; readonly result: Evaluation; readonly rssBytes: number }
  | { readonly kind: 'differentiated'; readonly result: Float64Array; readonly rssBytes: number }
  | { readonly kind: 'failed'; readonly fault: Fault };

/**
 * The parse door of both sides. They are one program, started by itself and talking over a private channel, so the
 * kind is all that is checked.
 */
export function isQuestion(message: unknown): message is Question {
  return ['train', 'evaluate', 'gradient'].includes(kindOf(message));
}

/** The parse door of the parent; see isQuestion. */
export function isAnswer(message: unknown): message is Answer {
  return ['ready', 'trained', 'evaluated', 'differentiated', 'failed'].includes(kindOf(message));
}

function kindOf(message: unknown): string {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return '';
  return String(message.kind);
}

export function faultOf(error: unknown): Fault {
  if (isTallyError(error)) return { code: error.code, meta: error.meta };
  const reason = error instanceof Error ? error.message : String(error);
  return { code: 'ENGINE_CRASHED', meta: { reason } };
}

export function errorOf({ code, meta }: Fault): TallyError {
  return new TallyError(code, meta);
}
