import { asNodeId, asOrganisationId, asPublicKey, type Hash } from '@tallystick/kernel';
import type { EligibleNode } from '@tallystick/rounds';
import { storageKey } from '../embedded/storage-key.js';
import type { Connection } from './connection.js';
import { bigintAt, type Json, numberAt, objectAt, stringAt } from './json.js';
import type { Snapshot } from './snapshots.js';
import { itemOf } from './storage-item.js';

/** Everything that says who may take part. */
const REGISTRY = ['Nodes', 'NodeKeys', 'Organisations'].map((item) => storageKey('Tally', item));

/** Stands for the whole registry after a block: the same text means the same nodes, keys and organisations. */
export async function registryRoots({ provider }: Connection, at: Hash): Promise<string> {
  return (await provider.reads.mapRoots(at, REGISTRY)).join('/');
}

/** The active nodes of active organisations, ascending. */
export async function readMembers(snapshot: Snapshot): Promise<readonly EligibleNode[]> {
  const nodes = await valuesOf(snapshot, 'nodes', await nodeIds(snapshot));
  const active = nodes
    .map((json, id) => ({ id, json }))
    .filter(({ json }) => json !== undefined && json['status'] === 'Active')
    .map(({ id, json }) => nodeOf(id, objectAt(json, 'tally.nodes')));
  const organisations = [...new Set(active.map(({ organisation }) => organisation))];
  const [keys, members] = await Promise.all([
    valuesOf(
      snapshot,
      'nodeKeys',
      active.map(({ id, keyEpoch }) => [id, keyEpoch]),
    ),
    valuesOf(snapshot, 'organisations', organisations),
  ]);
  const isActive = new Map(organisations.map((id, i) => [id, members[i]?.['active'] === true]));
  return active.flatMap(({ id, organisation, keyEpoch }, i): EligibleNode[] => {
    if (isActive.get(organisation) !== true) return [];
    const json = objectAt(keys[i], 'tally.nodeKeys');
    return [
      {
        node: asNodeId(id),
        organisation: asOrganisationId(organisation),
        keyEpoch,
        key: asPublicKey(stringAt(json, 'key').replace(/^0x/, '')),
        cap: bigintAt(json, 'cap'),
      },
    ];
  });
}

/** The ids of all nodes that were ever registered. */
export async function nodeIds(snapshot: Snapshot): Promise<readonly number[]> {
  const count = Number((await itemOf(snapshot, 'nextNode')()).toString());
  return Array.from({ length: count }, (_, id) => id);
}

/** The entries of a map at `keys`, in their order; undefined where there is none. */
export async function valuesOf(
  snapshot: Snapshot,
  name: string,
  keys: readonly unknown[],
): Promise<readonly (Json | undefined)[]> {
  if (keys.length === 0) return [];
  const found = await itemOf(snapshot, name).multi([...keys]);
  return found.map((value) => {
    const json = value.toJSON();
    return json === null ? undefined : objectAt(json, `tally.${name}`);
  });
}

function nodeOf(id: number, json: Json) {
  return { id, organisation: numberAt(json, 'organisation'), keyEpoch: numberAt(json, 'keyEpoch') };
}
