import { FREE_RIDERS, type Member, type Role } from './population.js';

/** What the acceptance test bounds; see each. */
export interface PayFigures {
  /** Share of the pot that all free-riders get together. */
  readonly freeRiders: number;
  /** Pay of the node whose labels are all random, in equal shares of the pot. */
  readonly pureNoise: number;
  /** Share of the pot that the node with the wrong sign gets. */
  readonly flip: number;
  /** Probability that an honest node is paid more per claimed example than one that is not; ties count half. */
  readonly auc: number;
  /** Pay per example of the holders of a rare class, that of the nine good nodes being 1. */
  readonly rare: number;
  /** Pay of the data set registered three times, what a good node gets for as many examples being 1. */
  readonly triple: number;
  /** The same data set's pay, what the first of its three registrations gets being 1. */
  readonly registrations: number;
}

const HONEST: readonly Role[] = ['good', 'small', 'rare'];

/** @param pay by member, in any unit */
export function payFigures(members: readonly Member[], pay: readonly number[]): PayFigures {
  const total = sumOf(pay);
  const share = (roles: readonly Role[]): number =>
    sumOf(pay.filter((_, i) => roles.includes(members[i].role))) / total;
  const perExample = members.map(({ role, claimed }, i) => ({
    role,
    pay: pay[i] / total / claimed,
  }));
  const rate = (role: Role): number => {
    const rates = perExample.filter((each) => each.role === role);
    return sumOf(rates.map((each) => each.pay)) / rates.length;
  };
  const examples = members.find(({ role }) => role === 'triple')?.claimed ?? Number.NaN;
  return {
    freeRiders: share(FREE_RIDERS),
    pureNoise: share(['noisy100']) * members.length,
    flip: share(['flip']),
    auc: aucOf(perExample.filter(({ role }) => role !== 'triple')),
    rare: rate('rare') / rate('good'),
    triple: share(['triple']) / rate('good') / examples,
    registrations:
      (share(['triple']) * total) / pay[members.findIndex(({ role }) => role === 'triple')],
  };
}

function aucOf(rates: readonly { readonly role: Role; readonly pay: number }[]): number {
  const honest = rates.filter(({ role }) => HONEST.includes(role));
  const others = rates.filter(({ role }) => !HONEST.includes(role));
  const wins = honest.flatMap((a) =>
    others.map((b) => (a.pay > b.pay ? 1 : Number(a.pay === b.pay) / 2)),
  );
  return sumOf(wins) / wins.length;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
