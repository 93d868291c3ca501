/**
 * payout: from what a round's nodes contributed to what their organisations are owed.
 */
export * from './contribution/index.js';
