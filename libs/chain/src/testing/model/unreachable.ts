/** Errors of the pallet that no walk over the model meets, and why. Names are those of `errors.rs`. */
export const UNREACHABLE: ReadonlyMap<string, string> = new Map([
  ['NumbersUsedUp', 'takes 2³² of something'],
  ['NotEmbedded', 'a walk cannot graduate: it has one authority'],
  ['DevelopmentKey', 'asked after TooFewAuthorities'],
  ['TooManyVoids', 'takes 64 spans of void rounds in one run'],
  ['TooManyKeys', 'takes 16 keys of one run'],
]);
