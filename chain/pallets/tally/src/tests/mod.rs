//! Every call's success, every error, and the invariants under random calls.

mod commit;
mod nodes;
mod random;
mod runs;
mod vectors;
