/** The acceptance population of the contribution policy, its rounds and what it is paid. */
export { type PayFigures, payFigures } from './pay-figures.js';
export { type Partition, type Population, population, type Role } from './population.js';
export { scoredRounds, validationOn } from './scored-run.js';
