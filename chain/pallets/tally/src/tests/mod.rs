//! Every call's success, every error, and the invariants under random calls.

mod answers;
mod commit;
mod consents;
mod demands;
mod disputes;
mod nodes;
mod random;
mod runs;
mod succession;
mod vectors;
mod voids;
mod weights;
