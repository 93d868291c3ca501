import { type ErrorCode, isTallyError, TallyError } from '@tallystick/kernel';
import { DeclineReason } from '@tallystick/record';

/** Longest text that a decline carries (a frame allows 500 characters). */
const MAX_MESSAGE = 480;

/** Codes that are declined for another reason than their family says. */
const REASONS: Partial<Record<ErrorCode, DeclineReason>> = {
  POLICY_CONSENT: DeclineReason.consent,
  POLICY_DATASET: DeclineReason.data,
  UPDATE_OUT_OF_RANGE: DeclineReason.outOfRange,
  STORE_BLOB_DAMAGED: DeclineReason.history,
  STORE_STATE_DAMAGED: DeclineReason.history,
};

const FAMILIES: Readonly<Record<string, DeclineReason>> = {
  POLICY: DeclineReason.policy,
  DATA: DeclineReason.data,
  ENGINE: DeclineReason.engine,
  MODEL: DeclineReason.engine,
  ROUND: DeclineReason.history,
};

/** Facts about data that the run spec named itself, or that only count. */
const PUBLIC_META: ReadonlySet<string> = new Set([
  'line',
  'column',
  'set',
  'want',
  'limit',
  'what',
]);

/** The number that stands in the signed decline for this code. */
export function declineReasonOf(code: ErrorCode): DeclineReason {
  const family = code.slice(0, code.indexOf('_'));
  return REASONS[code] ?? FAMILIES[family] ?? DeclineReason.capacity;
}

/**
 * What the coordinator may read of a refusal. Texts about data would show cells, columns and paths of the site, so of
 * those only what the run spec named itself is left.
 */
export function outwardMessage(error: TallyError, dataset: string): string {
  if (!error.code.startsWith('DATA_')) return error.message.slice(0, MAX_MESSAGE);
  const shown = Object.fromEntries(
    Object.entries(error.meta).filter(([name]) => PUBLIC_META.has(name)),
  );
  const masked = new TallyError(error.code, {
    file: `dataset ${dataset}`,
    columns: 'see the log of the site',
    value: 'a cell',
    reason: 'see the log of the site',
    ...shown,
  });
  return masked.message.slice(0, MAX_MESSAGE);
}

/** What the site's own log may hold of a refusal: everything but the contents of a cell. */
export function localMessage(error: TallyError): string {
  if (error.meta['value'] === undefined) return error.message;
  return new TallyError(error.code, { ...error.meta, value: 'the cell' }).message;
}

/** True when trying again may help, so that the site should not decline. The trainer has tried again itself. */
export function isPassing(error: unknown): boolean {
  if (isTallyError(error, 'ENGINE_CRASHED')) return false;
  return isTallyError(error) && error.disposition === 'retry';
}

/** Any failure as a TallyError; what is not one keeps its text at the site. */
export function asTallyError(error: unknown): TallyError {
  if (isTallyError(error)) return error;
  return new TallyError('INTERNAL', { reason: 'see the log of the site' }, error);
}
