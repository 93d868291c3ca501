import { INVENTED_NODES } from './manipulations/invented-nodes.js';
import type { Manipulation } from './manipulations/manipulation.js';
import { PAY_FILES } from './manipulations/pay-files.js';
import { PAY_SETTLEMENTS } from './manipulations/pay-settlements.js';
import { RAW_CHAIN } from './manipulations/raw-chain.js';
import { RAW_FILES } from './manipulations/raw-files.js';
import { RAW_RECORDS } from './manipulations/raw-records.js';
import { REBUILT_EMPTY } from './manipulations/rebuilt-empty.js';
import { REBUILT_HISTORY } from './manipulations/rebuilt-history.js';
import { REBUILT_RECEIPTS } from './manipulations/rebuilt-receipts.js';
import { REBUILT_ROUNDS } from './manipulations/rebuilt-rounds.js';
import { REPAIRED_FILES } from './manipulations/repaired-files.js';
import { STORED_ROWS } from './manipulations/stored-rows.js';

export type { AnchorChoice, Expectation, Manipulation } from './manipulations/manipulation.js';

/** Every way to cheat in a run that the audit must find; names are unique. */
export const MANIPULATIONS: readonly Manipulation[] = [
  ...RAW_RECORDS,
  ...RAW_FILES,
  ...RAW_CHAIN,
  ...REPAIRED_FILES,
  ...STORED_ROWS,
  ...REBUILT_RECEIPTS,
  ...REBUILT_ROUNDS,
  ...REBUILT_EMPTY,
  ...REBUILT_HISTORY,
  ...INVENTED_NODES,
];

/** Every way to cheat about the pay of a run that pays by contribution and is settled. */
export const PAY_MANIPULATIONS: readonly Manipulation[] = [...PAY_FILES, ...PAY_SETTLEMENTS];
