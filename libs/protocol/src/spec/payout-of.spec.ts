import { expect, it } from 'vitest';
import { payoutOf } from './payout-of.js';
import { PayoutSpec } from './payout-spec.js';

it('a spec without payout pays by what the schema fills in', () => {
  expect(payoutOf({ rounds: 15 })).toEqual(PayoutSpec.parse({}));
});
