import { toHex } from '@tallystick/kernel';
import { decodeSigned, SCORES } from '@tallystick/record';
import { decoded, type ReadScores } from './epoch-evidence.js';

/** The signed record of an epoch's sheet, and the sheet as it lies there. Throws Mismatch. */
export const readScores: ReadScores = async (read, epoch) => ({
  record: await decoded(read, { epoch, file: 'scores.bin' }, (bytes) =>
    decodeSigned(SCORES, toHex(bytes)),
  ),
  sheet: await decoded(read, { epoch, file: 'scores.json' }, (bytes) => bytes),
});
