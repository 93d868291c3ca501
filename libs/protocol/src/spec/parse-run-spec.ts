import { type Hash, type Sha256, TallyError, utf8 } from '@tallystick/kernel';
import { canonicalJson } from '@tallystick/record';
import { LIMITS } from '../limits.js';
import { type Fault, formatFaults, parseYaml } from '../yaml/parse-yaml.js';
import { RunSpec } from './run-spec.js';

/** A checked run spec with its canonical JSON, or every fault and the CONFIG_RUN_SPEC_INVALID that tells them. */
export type ParsedRunSpec =
  | { readonly ok: true; readonly spec: RunSpec; readonly canonical: string }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly error: TallyError };

/** Reads `run.yaml`, fills in defaults and gives the canonical JSON. `fileName` only labels the faults. */
export function parseRunSpec(yamlText: string, fileName: string = 'run.yaml'): ParsedRunSpec {
  const parsed = parseYaml(RunSpec, yamlText, LIMITS.maxRunSpecBytes);
  if (!parsed.ok) return invalid(fileName, parsed.faults);
  const canonical = canonicalJson(parsed.value);
  return { ok: true, spec: RunSpec.parse(JSON.parse(canonical)), canonical };
}

/** Reads the canonical JSON that was hashed and shipped; refuses any other bytes of the same spec. */
export function parseCanonicalSpec(json: string): ParsedRunSpec {
  const parsed = parseRunSpec(json, 'spec.json');
  if (!parsed.ok || parsed.canonical === json) return parsed;
  return invalid('spec.json', [
    { line: 1, column: 1, path: '', message: 'is not the canonical JSON of its spec (RFC 8785)' },
  ]);
}

/** SHA-256 of the canonical JSON: the spec's id in task and chain. */
export function specHash(sha256: Sha256, canonical: string): Hash {
  return sha256(utf8(canonical));
}

function invalid(file: string, faults: readonly Fault[]): ParsedRunSpec {
  const meta = { file, faults: formatFaults(file, faults) };
  return { ok: false, faults, error: new TallyError('CONFIG_RUN_SPEC_INVALID', meta) };
}
