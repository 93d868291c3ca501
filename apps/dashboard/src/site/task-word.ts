import type { SiteTask } from '@tallystick/protocol';

const WORDS = {
  asked: 'asked',
  working: 'training',
  signed: 'sending',
  promised: 'promised',
  counted: 'counted',
  uncounted: 'not counted',
  refused: 'refused',
  declined: 'declined',
} as const;

export function taskWord({ state, stage }: Pick<SiteTask, 'state' | 'stage'>): string {
  return stage === 'download' ? 'fetching' : WORDS[state];
}
