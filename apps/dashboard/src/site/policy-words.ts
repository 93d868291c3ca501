import type { SiteView } from '@tallystick/protocol';
import { purposeWords } from './purpose-words.js';

const ON_FAULT = {
  record:
    'When the coordinator is caught at a fault, the evidence is kept, and nothing else happens.',
  dispute:
    'When the coordinator is caught at a fault, it is filed on the chain with the owner key.',
  stop: 'When the coordinator is caught at a fault, every later task of that run is declined.',
} as const;

/** What this site accepts, in sentences. Pure. */
export function policyWords(site: Pick<SiteView, 'policy' | 'retentionDays'>): readonly string[] {
  const { policy, retentionDays } = site;
  const { purposes, minCohort, models, onFault } = policy;
  return [
    purposes.length === 0
      ? 'No purpose is allowed, so every task is declined.'
      : `Tasks are taken for ${purposes.map(purposeWords).join('; ')}. For any other purpose they are declined.`,
    minCohort === 1
      ? 'This site also trains alone: then the new model shows what its data did to it.'
      : `Fewer than ${minCohort} nodes in a round: declined, because among few an update is the shadow of its data.`,
    models === 'any'
      ? 'Any run of these purposes may ask.'
      : models.length === 0
        ? 'No run is named, so every task is declined.'
        : `Only these runs may ask: ${models.join(', ')}.`,
    ON_FAULT[onFault],
    `Update files are removed here after ${retentionDays} ${retentionDays === 1 ? 'day' : 'days'}.`,
  ];
}
