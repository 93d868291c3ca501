import { FirstTables1700000000001 } from './0001-first-tables.js';
import { Leases1700000000002 } from './0002-leases.js';
import { PauseAndBest1700000000003 } from './0003-pause-and-best.js';
import { Settlement1700000000004 } from './0004-settlement.js';
import { People1700000000005 } from './0005-people.js';
import { Voids1700000000006 } from './0006-voids.js';
import { ScoreSheets1700000000007 } from './0007-score-sheets.js';
import { SuspendedNodes1700000000009 } from './0009-suspended-nodes.js';

/** Every migration in order, listed by hand. A published one is never edited. */
export const MIGRATIONS = [
  FirstTables1700000000001,
  Leases1700000000002,
  PauseAndBest1700000000003,
  Settlement1700000000004,
  People1700000000005,
  Voids1700000000006,
  ScoreSheets1700000000007,
  SuspendedNodes1700000000009,
];
