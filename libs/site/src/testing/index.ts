/** A coordinator that signs by the book, for tests of what a site does with good and with bent records. */
export * from './test-coordinator.js';
