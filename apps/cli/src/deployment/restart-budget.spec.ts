import { expect, it } from 'vitest';
import { RestartBudget } from './restart-budget.js';

it('doubles the delay, gives up after five restarts in a minute, and forgives after it', () => {
  const budget = new RestartBudget();
  const delays = [0, 1, 2, 3, 4, 5].map((i) => budget.take(1_000 * i));
  expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, undefined]);
  expect(budget.take(60_000)).toBe(4_000); // the first one is a minute ago
  expect(budget.take(200_000)).toBe(250);
});
