import type { RunSpec } from '@tallystick/protocol';
import { canonicalJson } from '@tallystick/record';
import type { ParseSpec } from '../read-history.js';

/**
 * A run spec whose bytes have the hash that the chain holds, in canonical form. Its fields are not judged: the schema and
 * its YAML reader weigh more than the verifier, the coordinator judged them at launch and the bundle's verifier does again.
 */
export const readSpec: ParseSpec = (json) => {
  try {
    const spec = JSON.parse(json) as RunSpec; // its hash is on the chain; see above
    if (canonicalJson(spec) === json) return { ok: true, spec };
    return { ok: false, faults: [{ message: 'it is not the canonical JSON of its spec' }] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, faults: [{ message }] };
  }
};
