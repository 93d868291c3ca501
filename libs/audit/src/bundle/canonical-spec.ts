import { TallyError, utf8 } from '@tallystick/kernel';
import type { RawSpec } from '@tallystick/chain/embedded';
import { canonicalJson } from '@tallystick/record';

/**
 * `chain/spec.json` of a bundle: the genesis state and nothing that could be said in two ways. A Substrate node
 * takes it as it is; because every other field is fixed, equal genesis ⇔ equal bytes.
 */
export function encodeChainSpec(top: Readonly<Record<string, string>>): Uint8Array {
  const spec: RawSpec = {
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
  return utf8(canonicalJson(spec));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads `encodeChainSpec`'s bytes; throws AUDIT_BUNDLE_MALFORMED for anything else. */
export function decodeChainSpec(bytes: Uint8Array): RawSpec {
  const malformed = (reason: string): TallyError =>
    new TallyError('AUDIT_BUNDLE_MALFORMED', { path: 'chain/spec.json', reason });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error));
  }
  const genesis = isRecord(json) ? json['genesis'] : undefined;
  const raw = isRecord(genesis) ? genesis['raw'] : undefined;
  const top = isRecord(raw) ? raw['top'] : undefined;
  if (!isRecord(json) || !isRecord(top)) throw malformed('it has no genesis.raw.top');
  const pairs = Object.entries(top).map(([key, value]) => [key, String(value)] as const);
  const canonical = encodeChainSpec(Object.fromEntries(pairs));
  if (canonical.length !== bytes.length || !canonical.every((byte, i) => byte === bytes[i])) {
    throw malformed('it is not in canonical form');
  }
  return json as unknown as RawSpec; // equal to encodeChainSpec of its own genesis state
}
