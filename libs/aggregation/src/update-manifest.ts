import type { Sha256 } from '@tallystick/kernel';
import { type Manifest, manifestOf } from './manifest.js';
import type { Strategy } from './strategy.js';

/**
 * What an update of this model holds: its tensors (Δw) and, for SCAFFOLD, then `c.<name>` for each of them (Δc), 2·d
 * positions in all. Throws MODEL_UNSUPPORTED when that is more than an update can hold.
 */
export function updateManifestOf(
  sha256: Sha256,
  manifest: Manifest,
  kind: Strategy['kind'],
): Manifest {
  if (kind !== 'scaffold') return manifest;
  const controls = manifest.tensors.map(({ name, shape }) => ({ name: `c.${name}`, shape }));
  return manifestOf(sha256, [...manifest.tensors, ...controls]);
}
