#!/usr/bin/env node
// @ts-check
/**
 * What a federation with liars must give, in one process: prints the model after each round and the accuracy of the last.
 *
 *   node simulate.mjs EXAMPLE --attack scale --liar site-01 --liar site-02
 */
import { parseArgs } from 'node:util';
import { loadExample } from '../../apps/cli/dist/federation/example.js';
import { accuracyOf, attackedRun } from './attacked-run.mjs';
import { isAttack } from './attacks.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    attack: { type: 'string', default: 'none' },
    liar: { type: 'string', multiple: true, default: [] },
  },
});
const { attack, liar } = values;
if (!isAttack(attack)) throw new Error(`no attack ${attack}`);
const example = await loadExample(positionals[0] ?? '');
const lying = example.sites.filter(({ name }) => liar.includes(name));
const attackOf = new Map(lying.map(({ datasetPath }) => [datasetPath, attack]));
const { models, failure } = await attackedRun(example, attackOf);
const last = models.at(-1);
const accuracy = last === undefined ? null : await accuracyOf(example, last);
console.log(JSON.stringify({ models, accuracy, failure: failure ?? null }));
process.exit();
