//! What the runtime as a whole must satisfy.
