import { asRunId, fromHex, type RunId, TallyError, toHex, utf8 } from '@tallystick/kernel';
import { canonicalJson, decodeSigned, type Header, HEADER, type Signed } from '@tallystick/record';
import { isRecord, parseJson } from '../bundle/strict-json.js';
import { keyOf } from '../state/read-state.js';

const FORMAT = 'tallystick-passport/1';
/** A read proof of four keys has a few kilobytes, whatever the chain holds. */
const MAX_PASSPORT_BYTES = 64 * 1024;
const MAX_PROOF_NODES = 256;

/** The small file beside a model: the path from its SHA-256 to a block of the chain. */
export interface Passport {
  readonly run: RunId;
  readonly round: number;
  /** The header whose modelAfter is the model. */
  readonly header: Signed<Header>;
  /** SCALE header of a finalised block, seal included. */
  readonly block: Uint8Array;
  /** Read proof of `passportKeys` in that block's state. */
  readonly proof: readonly Uint8Array[];
}

/** What a passport proves of the chain's state: the run, the round, who seals, and whether one operator orders. */
export function passportKeys(run: RunId, round: number): readonly Uint8Array[] {
  return [
    keyOf('Tally', 'Runs', run),
    keyOf('Tally', 'Rounds', run, round),
    keyOf('Aura', 'Authorities'),
    keyOf('Tally', 'Embedded'),
  ];
}

/** Canonical bytes. */
export function encodePassport({ run, round, header, block, proof }: Passport): Uint8Array {
  const wire = `${toHex(HEADER.encode(header.value))}${header.signature}`;
  return utf8(
    canonicalJson({
      format: FORMAT,
      run,
      round,
      header: base64(fromHex(wire)),
      block: base64(block),
      proof: proof.map(base64),
    }),
  );
}

/** Reads a passport; throws MODEL_MALFORMED for anything but the canonical form. */
export function decodePassport(bytes: Uint8Array): Passport {
  try {
    if (bytes.length > MAX_PASSPORT_BYTES) throw new RangeError(`it has ${bytes.length} bytes`);
    const { json, text } = parseJson(bytes);
    const passport = passportOf(json);
    if (new TextDecoder().decode(encodePassport(passport)) !== text) {
      throw new RangeError('it is not in canonical form');
    }
    return passport;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('MODEL_MALFORMED', { reason: `its passport: ${reason}` });
  }
}

function passportOf(json: unknown): Passport {
  if (!isRecord(json) || json['format'] !== FORMAT) throw new RangeError(`it is no ${FORMAT}`);
  const { run, round, header, block, proof } = json;
  if (typeof run !== 'number' || typeof round !== 'number' || typeof header !== 'string') {
    throw new RangeError('run, round or header is missing');
  }
  if (typeof block !== 'string' || !Array.isArray(proof) || proof.length > MAX_PROOF_NODES) {
    throw new RangeError('block or proof is missing');
  }
  const nodes: readonly unknown[] = proof;
  return {
    run: asRunId(run),
    round,
    header: decodeSigned(HEADER, toHex(bytesOf(header))),
    block: bytesOf(block),
    proof: nodes.map((node) => {
      if (typeof node !== 'string') throw new RangeError('a node of its proof is no text');
      return bytesOf(node);
    }),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}
