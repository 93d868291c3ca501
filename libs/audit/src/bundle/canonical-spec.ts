import { TallyError, utf8 } from '@tallystick/kernel';
import type { RawSpec } from '@tallystick/chain/embedded';
import { canonicalJson } from '@tallystick/record';
import { isRecord, parseJson } from './strict-json.js';

/** `0x` and an even number of lower-case hex digits; no pattern that would have to backtrack over the wasm. */
function isHex(text: string): boolean {
  return text.startsWith('0x') && text.length % 2 === 0 && !/[^0-9a-f]/.test(text.slice(2));
}

/** A raw chain spec with every field fixed but the genesis state. */
function specOf(top: Readonly<Record<string, string>>): RawSpec {
  return {
    name: 'Tallystick',
    id: 'tallystick',
    chainType: 'Live',
    bootNodes: [],
    telemetryEndpoints: null,
    protocolId: 'tally',
    properties: { ss58Format: 42, tokenDecimals: 12, tokenSymbol: 'TALLY' },
    codeSubstitutes: {},
    genesis: { raw: { top, childrenDefault: {} } },
  };
}

/**
 * `chain/spec.json` of a bundle: the genesis state and nothing that could be said in two ways. A Substrate node takes it
 * as it is; because every other field is fixed, equal genesis ⇔ equal bytes.
 * @param top 0x-hex keys and values
 */
export function encodeChainSpec(top: Readonly<Record<string, string>>): Uint8Array {
  const lower = Object.entries(top).map(([key, value]): [string, string] => {
    return [key.toLowerCase(), value.toLowerCase()];
  });
  return utf8(canonicalJson(specOf(Object.fromEntries(lower))));
}

/** Reads `encodeChainSpec`'s bytes; throws AUDIT_BUNDLE_MALFORMED for anything else. */
export function decodeChainSpec(bytes: Uint8Array): RawSpec {
  try {
    const { json, text } = parseJson(bytes);
    const spec = specOf(topOf(json));
    if (canonicalJson(spec) !== text) throw new RangeError('it is not in canonical form');
    return spec;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TallyError('AUDIT_BUNDLE_MALFORMED', { path: 'chain/spec.json', reason });
  }
}

function topOf(json: unknown): Readonly<Record<string, string>> {
  const genesis = isRecord(json) ? json['genesis'] : undefined;
  const raw = isRecord(genesis) ? genesis['raw'] : undefined;
  const top = isRecord(raw) ? raw['top'] : undefined;
  if (!isRecord(top)) throw new RangeError('it has no genesis.raw.top');
  return Object.fromEntries(
    Object.entries(top).map(([key, value]): [string, string] => {
      if (typeof value !== 'string' || !isHex(key) || !isHex(value)) {
        throw new RangeError(`${key.slice(0, 80)} is not lower-case hex`);
      }
      return [key, value];
    }),
  );
}
