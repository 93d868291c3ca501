import type { SiteAsk } from '@tallystick/protocol';
import { purposeWords } from './purpose-words.js';

const PER_CENT_PPM = 10_000;
const CODECS: Readonly<Record<string, string>> = { i32: '32', i16: '16', i8: '8' };

/** What a run asks of a site, in sentences. Pure. */
export function askWords(ask: SiteAsk, cohort: number): readonly string[] {
  return [
    `Run ${ask.name}, for ${purposeWords(ask.purpose)}.`,
    `It learns ${ask.label} from ${ask.columnCount} columns of the data set ${ask.dataset}: ${columns(ask)}.`,
    `The model has ${ask.layers.length} ${ask.layers.length === 1 ? 'layer' : 'layers'} of ${ask.layers.join(', ')} units, and its loss is ${ask.loss}.`,
    `Each round trains ${amount(ask)} of ${ask.batchSize} rows, with learning rate ${ask.learningRate}; there are ${ask.rounds} rounds at most.`,
    `${cohort} nodes are asked in this round; their updates are combined by ${ask.strategy}${ask.robust === null ? '' : ` with ${ask.robust}`}.`,
    ...secrecyWords(ask),
    ask.needsConsent
      ? 'It counts only nodes whose owner consented on the chain.'
      : 'It asks for no consent on the chain: the policy of this site decides alone.',
  ];
}

/** What others can see of an update, and what bounds it. */
function secrecyWords(ask: SiteAsk): readonly string[] {
  const share =
    ask.topPpm === null ? 'every position' : `the ${ask.topPpm / PER_CENT_PPM} % that changed most`;
  return [
    `What is sent: how the model changed, ${share}, as ${CODECS[ask.codec] ?? ask.codec}-bit numbers. No row, and no value of one.`,
    'It is not masked: the coordinator can read the update of this site alone. No noise is added to it.',
    ask.clipNorm === null
      ? 'Its length has no bound.'
      : `An update longer than ${ask.clipNorm} counts as one of that length.`,
  ];
}

function columns({ columns: shown, columnCount }: SiteAsk): string {
  const more = columnCount - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

function amount({ steps, epochs }: SiteAsk): string {
  if (steps !== null) return `${steps} ${steps === 1 ? 'step' : 'steps'}`;
  return `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'} in batches`;
}
