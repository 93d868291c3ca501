import type { SiteConsent } from '@tallystick/protocol';
import { instant } from '../parts/words.js';

const MAX_U32 = 0xffff_ffff;

/** What a consent covers, or that there is none. Pure. */
export function consentWords(terms: SiteConsent['own']): string {
  if (terms === null) return 'none';
  const { fromRound, untilRound, untilMs, revokedAtBlock, fromBlock } = terms;
  if (revokedAtBlock !== null) return `revoked at block ${revokedAtBlock}`;
  const rounds =
    untilRound === MAX_U32
      ? fromRound === 0
        ? 'all rounds'
        : `from round ${fromRound}`
      : `rounds ${fromRound}–${untilRound}`;
  return `${rounds}, until ${instant(untilMs)} UTC, since block ${fromBlock}`;
}
