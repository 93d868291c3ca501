//! Every call's success, every error, and the invariants under random calls.

mod answers;
mod claims;
mod commit;
mod consents;
mod demands;
mod disputes;
mod epochs;
mod nodes;
mod pay_random;
mod payouts;
mod random;
mod runs;
mod shares;
mod succession;
mod vectors;
mod voids;
mod weights;
