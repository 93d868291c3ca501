import { ed25519, sha256, signerFromSeed } from '@tallystick/kernel/node';
import { roundLedgerContract } from '../testing/round-ledger.contract.js';
import { InMemoryRoundLedger } from './in-memory-round-ledger.js';

const key = (byte: number) => signerFromSeed(new Uint8Array(32).fill(byte));

roundLedgerContract('InMemoryRoundLedger', () =>
  Promise.resolve({
    ledger: new InMemoryRoundLedger({ sha256, ed25519 }),
    nodeKey: key(1),
    ownerKey: key(2),
    coordinatorKey: key(3),
    sha256,
    ed25519,
  }),
);
