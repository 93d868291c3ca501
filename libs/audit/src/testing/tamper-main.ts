/**
 * The table of manipulations for tests that only start processes.
 *
 *     node tamper-main.js list
 *     node tamper-main.js apply <name> <bundle> [<keys>]
 *
 * `list` prints [{name, level, anchors}]. `apply` edits a bundle in place and prints what must be found,
 * {step, round, record, by}, or null when the bundle has nothing of the kind. What is not raw takes the operator's keys
 * in folder <keys>: authority.key, treasury.key, registrar.key, coordinator.key, coordinator-account.key.
 */
import { join } from 'node:path';
import process from 'node:process';
import { loadKey, type NodeSigner } from '@tallystick/kernel/node';
import { type OperatorKeys, operatorKeys } from './fixture/test-keys.js';
import { MANIPULATIONS } from './manipulations.js';
import { openEvidence } from './operator/evidence.js';
import { TamperedBundle } from './operator/tampered-bundle.js';

const EXIT_USAGE = 64;

async function readKeys(folder: string): Promise<OperatorKeys> {
  const key = (name: string): Promise<NodeSigner> => loadKey(join(folder, `${name}.key`));
  return {
    authority: await key('authority'),
    treasury: await key('treasury'),
    registrar: await key('registrar'),
    coordinator: await key('coordinator'),
    account: await key('coordinator-account'),
  };
}

async function apply(name: string, folder: string, keyFolder?: string): Promise<unknown> {
  const manipulation = MANIPULATIONS.find((candidate) => candidate.name === name);
  if (manipulation === undefined) throw new RangeError(`there is no manipulation "${name}"`);
  if (keyFolder === undefined && manipulation.level !== 'raw') {
    throw new RangeError(`"${name}" takes the operator's keys`);
  }
  const keys = keyFolder === undefined ? operatorKeys() : await readKeys(keyFolder); // raw: never used
  const bundle = new TamperedBundle(folder, await openEvidence(folder), keys);
  return (await manipulation.apply(bundle)) ?? null;
}

async function answer(argv: readonly string[]): Promise<unknown> {
  const [command, name, folder, keys] = argv;
  if (command === 'list') {
    return MANIPULATIONS.map((entry) => ({
      name: entry.name,
      level: entry.level,
      anchors: entry.anchors,
    }));
  }
  if (command === 'apply' && name !== undefined && folder !== undefined) {
    return apply(name, folder, keys);
  }
  process.stderr.write('usage: tamper-main.js list | apply <name> <bundle> [<keys>]\n');
  process.exitCode = EXIT_USAGE;
  return undefined;
}

const result = await answer(process.argv.slice(2));
if (result !== undefined) process.stdout.write(`${JSON.stringify(result)}\n`);
