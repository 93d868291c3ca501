import { sha256 } from '@tallystick/kernel/node';
import { parseRunSpec, specHash } from '@tallystick/protocol';
import { describe, expect, it } from 'vitest';
import { type GenesisModel, genesisModel } from './genesis-model.js';

function genesisOf(strategy: string, units: number): GenesisModel {
  const parsed = parseRunSpec(`tallystick: 1
name: large
purpose: DUO:0000007
data: { dataset: d, label: { column: y, above: 0 }, split: { column: set }, features: [{ column: a }] }
model:
  layers: [{ dense: { units: ${units} } }, { dense: { units: ${units} } }, { dense: { units: 1 } }]
  loss: sigmoidCrossEntropy
  init: zeros
local: { epochs: 1, batchSize: 4, optimizer: { sgd: { learningRate: 0.1 } } }
strategy: { ${strategy}: {} }
rounds: 3
window: { count: { min: 4 }, deadlineMs: 60000 }
`);
  if (!parsed.ok) throw parsed.error;
  return genesisModel(sha256, parsed.spec, specHash(sha256, parsed.canonical));
}

describe('genesisModel', () => {
  it('refuses a model whose SCAFFOLD updates would be too large to send', () => {
    expect(() => genesisOf('scaffold', 8192)).toThrow(/parameters, with scaffold the limit is 65/);
    expect(genesisOf('scaffold', 8).manifest.d).toBe(97);
  });
});
