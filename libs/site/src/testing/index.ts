/**
 * A coordinator that signs by the book, its files and a trainer without arithmetic: for tests of what a site does
 * with good and with bent records.
 */
export * from './test-coordinator.js';
export * from './test-run.js';
export * from './site-bench.js';
export { type Refusal, TestProxy } from './test-proxy.js';
export { TlsServer, type TlsServerOptions } from './tls-server.js';
