//! What is true of the stored state at every block.
