/** Fakes beside the ports and the contract suites that every adapter has to pass. */
export { FakeFederation, FakeFolders, FakeLedger, FakeLink } from './fake-federation.js';
export { journalContract } from './journal.contract.js';
