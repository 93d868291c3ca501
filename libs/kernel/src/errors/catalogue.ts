import type { ErrorFamily, ErrorSpec } from './error-spec.js';
import { audit } from './audit.js';
import { auth } from './auth.js';
import { config } from './config.js';
import { data } from './data.js';
import { engine } from './engine.js';
import { internal } from './internal.js';
import { ledger } from './ledger.js';
import { model } from './model.js';
import { net } from './net.js';
import { policy } from './policy.js';
import { proto } from './proto.js';
import { round } from './round.js';
import { store } from './store.js';
import { update } from './update.js';
import { usage } from './usage.js';

/** Every stable code. */
export type ErrorCode =
  | keyof typeof usage
  | keyof typeof config
  | keyof typeof net
  | keyof typeof auth
  | keyof typeof proto
  | keyof typeof policy
  | keyof typeof update
  | keyof typeof round
  | keyof typeof model
  | keyof typeof ledger
  | keyof typeof store
  | keyof typeof data
  | keyof typeof engine
  | keyof typeof audit
  | keyof typeof internal;

/** The families in the order of docs/errors.md; `ignored` answers are honest lateness and have no family. */
export const ERROR_FAMILIES: Readonly<Record<string, ErrorFamily>> = {
  usage,
  config,
  net,
  auth,
  proto,
  policy,
  update,
  round,
  model,
  ledger,
  store,
  data,
  engine,
  audit,
  internal,
};

/** Code → texts, HTTP status and close code: the one place where they are declared. */
export const CATALOGUE: Readonly<Record<ErrorCode, ErrorSpec>> = {
  ...usage,
  ...config,
  ...net,
  ...auth,
  ...proto,
  ...policy,
  ...update,
  ...round,
  ...model,
  ...ledger,
  ...store,
  ...data,
  ...engine,
  ...audit,
  ...internal,
};
