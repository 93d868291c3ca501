import type { Row } from './targets.js';

/** A settled epoch in a bundle: whoever holds the files. */
export const HOLDER_OF_PAY: Readonly<Record<string, Row>> = {
  'one bit of epoch.bin: total': ['epoch', 'total', 'V2'],
  'one bit of epoch.bin: signature': ['epoch', 'signature', 'V2'],
  'one bit of entitlements.bin: account': ['entitlement', 'account', 'V2'],
  'one bit of entitlements.bin: cumulative': ['entitlement', 'cumulative', 'V2'],
  'one bit of scores.bin: sheet': ['signed scores', 'sheet', 'V10'],
  'one bit of scores.bin: signature': ['signed scores', 'signature', 'V10'],
  'one bit of scores.json: a score': ['score sheet', 'score', 'V10'],
  'epoch.bin dropped': ['epoch', 'file', 'V2'],
  'entitlements.bin dropped': ['entitlement', 'file', 'V2'],
  'scores.bin dropped': ['signed scores', 'file', 'V2'],
  'scores.json dropped': ['score sheet', 'file', 'V2'],
  'one bit of a gradient': ['gradient', 'a value', 'V10'],
  'a gradient dropped': ['gradient', 'file', 'V10'],
  'one bit of the validation set': ['validation set', 'a byte', 'V11'],
  'the validation set dropped': ['validation set', 'file', 'V11'],
  'an epoch added and listed': ['epochs, manifest', 'another epoch', 'V2'],
  'the epoch dropped and no longer listed': ['epochs, manifest', 'the epoch', 'V2'],
  'another validation set, listed anew': ['validation set, manifest', 'another file', 'V11'],
};

/** Rows of settlements. */
export const DATABASE_OF_PAY: Readonly<Record<string, Row>> = {
  'row of an epoch: a larger total': ['epoch', 'total', 'V2'],
  'row of an epoch: one round more': ['epoch', 'lastRound', 'V2'],
  'row of an entitlement: more': ['entitlement', 'cumulative', 'V2'],
  'row of an entitlement: to another account': ['entitlement', 'account', 'V2'],
  'row of an entitlement deleted': ['entitlement', 'row', 'V2'],
  'row of a score sheet: another score': ['score sheet', 'score', 'V10'],
};

/** Settlements by the coordinator with its real keys. */
export const COORDINATOR_OF_PAY: Readonly<Record<string, Row>> = {
  'half of an entitlement moved to another account, settled': ['entitlement', 'cumulative', 'V10'],
  'one unit moved to another account, settled': ['entitlement', 'the last unit', 'V10'],
  'an entitlement to an account of its own, settled': ['entitlement', 'account', 'V10'],
  'an account entitled twice, settled': ['entitlement', 'a second leaf', 'V10'],
  'entitlements in another order, settled': ['entitlement', 'order', 'V10'],
  'the cap of an organisation ignored, settled': ['entitlement', 'capPpm', 'V10'],
  'everybody paid alike, settled': ['entitlement', 'policy', 'V10'],
  'nobody paid although updates were worth something, settled': ['entitlement', 'presence', 'V10'],
  'a score changed, entitlements to match, settled': ['score sheet', 'score', 'V10'],
  'a multiplier changed, entitlements to match, settled': ['score sheet', 'multiplierPpm', 'V10'],
  'a node left out of the scores, settled': ['score sheet', 'node', 'V10'],
  'audits of a seed of its own choice, settled': ['score sheet', 'seed', 'V10'],
  'measurements that nobody made, settled': ['score sheet', 'novel', 'V11'],
  'measured on another validation set, settled': ['validation set', 'what is measured', 'V11'],
  'a sheet signed anew after the settlement': ['signed scores', 'sheet', 'V10'],
  'an epoch settled with another root than the one that is shown': ['epoch', 'entitleRoot', 'V2'],
  'an epoch settled before its rounds are final': ['settlement', 'time', 'pallet'],
  'an epoch of another chain': ['settlement', 'chain', 'pallet'],
  'an epoch after the next one': ['settlement', 'epoch', 'pallet'],
  'an epoch that continues another one': ['settlement', 'prev', 'pallet'],
  'an epoch that leaves a round out': ['settlement', 'firstRound', 'pallet'],
  'an epoch up to a round that nobody committed': ['settlement', 'lastRound', 'pallet'],
  'an epoch that ends at another header': ['settlement', 'lastHeader', 'pallet'],
  'an epoch that pays more than its budget': ['settlement', 'total', 'pallet'],
  'an epoch that pays less than its budget': ['settlement', 'total, too small', 'pallet'],
  'an epoch that pays, and nobody': ['settlement', 'accounts', 'pallet'],
  'an epoch signed by another key': ['settlement', 'signature', 'pallet'],
  'an epoch settled twice': ['settlement', 'a second one', 'pallet'],
  'an objection resolved by the coordinator': ['objection', 'who resolves', 'pallet'],
  'the rest of the pot to another account': ['refund', 'account', 'pallet'],
};

/** What anybody with an account of the chain can submit. */
export const ACCOUNT_OF_PAY: Readonly<Record<string, Row>> = {
  'an epoch settled by another account before its time': ['settlement', 'account', 'pallet'],
  'a claim before the epoch is final': ['claim', 'time', 'pallet'],
  'a claim of an epoch to come': ['claim', 'epoch', 'pallet'],
  'a claim for another account, with a payee’s proof': ['claim', 'account', 'pallet'],
  'a claim of one unit more': ['claim', 'cumulative', 'pallet'],
  'a claim in another payee’s place': ['claim', 'index', 'pallet'],
  'a claim with another payee’s proof': ['claim', 'proof', 'pallet'],
  'a claim twice in one call': ['claims', 'the same twice', 'pallet'],
  'a claim replayed': ['claim', 'again', 'pallet'],
  'a claim replayed behind an honest one': ['claims', 'again', 'pallet'],
  'an honest share disputed': ['share dispute', 'share', 'pallet'],
  'a share disputed with a smaller entitlement than the tree’s': [
    'share dispute',
    'cumulative',
    'pallet',
  ],
  'a payee said to be missing from the tree': ['share dispute', 'absence', 'pallet'],
  'a share disputed with a heavier contribution than the round’s': [
    'share dispute',
    'weight',
    'pallet',
  ],
  'a contribution shown twice': ['share dispute', 'the same twice', 'pallet'],
  'payees in order, disputed': ['order dispute', 'order', 'pallet'],
  'a share disputed when the epoch is final': ['share dispute', 'time', 'pallet'],
  'an objection when the epoch is final': ['objection', 'time', 'pallet'],
  'the rest of the pot while an epoch can be disputed': ['refund', 'time', 'pallet'],
};
