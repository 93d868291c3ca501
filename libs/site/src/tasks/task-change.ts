import type { ErrorCode, Hash, RunId } from '@tallystick/kernel';
import type { SiteAsk, SiteSent } from '@tallystick/protocol';

/** What happens to one task, in the order in which it can. */
export type TaskChange = { readonly run: RunId; readonly round: number } & (
  | { readonly kind: 'asked'; readonly task: Hash; readonly cohort: number }
  /** The spec of its run was read. */
  | { readonly kind: 'read'; readonly task: Hash; readonly ask: SiteAsk }
  | { readonly kind: 'stage'; readonly stage: 'download' | 'train' | 'encode' }
  | { readonly kind: 'signed'; readonly task: Hash; readonly sent: Omit<SiteSent, 'signedAtMs'> }
  | {
      readonly kind: 'declined';
      readonly task: Hash;
      readonly code: ErrorCode;
      readonly message: string;
    }
  | { readonly kind: 'promised' }
  /** By the coordinator. */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'closed'; readonly isCounted: boolean }
);
