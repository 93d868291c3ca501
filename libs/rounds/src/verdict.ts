import { type ErrorCode, type ErrorMeta, TallyError } from '@tallystick/kernel';

/** A receipt that does not count. `ignored` = honest lateness; `rejected` = protocol violation. */
export interface Refusal {
  readonly outcome: 'ignored' | 'rejected';
  readonly code: ErrorCode;
  readonly message: string;
}

/** The coordinator's answer to a submitted receipt. */
export type Verdict =
  | {
      readonly outcome: 'accepted';
      /** Signed promise, hex of SCALE ‖ signature. */
      readonly promise: string;
    }
  | Refusal;

/** A refusal with the catalogue's text. */
export function refusal(outcome: Refusal['outcome'], code: ErrorCode, meta: ErrorMeta): Refusal {
  return { outcome, code, message: new TallyError(code, meta).message };
}
