import { FirstTables1700000000001 } from './0001-first-tables.js';
import { PauseAndBest1700000000003 } from './0003-pause-and-best.js';

/** Every migration in order, listed by hand. A published one is never edited. */
export const MIGRATIONS = [FirstTables1700000000001, PauseAndBest1700000000003];
