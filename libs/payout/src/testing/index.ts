/** The acceptance population of the contribution policy, its rounds and what it is paid. */
export {
  acceptanceRun,
  type AcceptanceRun,
  measuredRounds,
  type Pay,
  payOf,
  splitInThree,
} from './acceptance-run.js';
export { type PayFigures, payFigures } from './pay-figures.js';
export type { Member, Partition, Role } from './population.js';
