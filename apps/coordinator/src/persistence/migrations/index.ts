import { FirstTables1700000000001 } from './0001-first-tables.js';
import { Leases1700000000002 } from './0002-leases.js';

/** Every migration in order, listed by hand. A published one is never edited. */
export const MIGRATIONS = [FirstTables1700000000001, Leases1700000000002];
