import { decodeSheet, type ScoreSheet } from '@tallystick/payout';
import { decodeUtf8 } from './strict-json.js';

/** The sheet in these bytes; undefined for any that `encodeSheet` would not have written. */
export function readSheet(bytes: Uint8Array): ScoreSheet | undefined {
  try {
    return decodeSheet(decodeUtf8(bytes));
  } catch {
    return undefined;
  }
}
