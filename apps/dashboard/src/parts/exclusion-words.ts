/** Sentence for each number of the protocol's reasons (docs/protocol.md §4). */
const SENTENCES: Readonly<Record<number, string>> = {
  1: 'Nothing arrived before the window closed.',
  2: 'The site declined the task.',
  3: 'The update arrived after the window had closed.',
  4: 'The update file broke its format.',
  5: 'The update held a value that the codec does not allow.',
  6: 'The signature did not hold.',
  7: 'Its key or its consent was not valid at the block of the task.',
  8: 'The coordinator had struck it for breaking rules, or its quota was used up.',
  9: 'It was accepted, but too few others were: nothing was aggregated.',
  10: 'It is still at work; what it sends may count in a later round.',
};

export function exclusionWords(reason: number | null): string {
  return reason === null ? '' : (SENTENCES[reason] ?? `Reason ${reason}.`);
}
