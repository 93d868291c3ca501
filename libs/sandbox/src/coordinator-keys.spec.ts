import { link, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOrCreateKey } from '@tallystick/kernel/node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  coordinatorKeysIn,
  makeNextCoordinator,
  promoteNextCoordinator,
} from './coordinator-keys.js';
import { type DataFolder, dataFolderPaths } from './data-folder.js';

let folder: DataFolder;
beforeEach(async () => {
  folder = dataFolderPaths(await mkdtemp(join(tmpdir(), 'tally-keys-')));
  await mkdir(folder.keys);
});
afterEach(() => rm(folder.root, { recursive: true, force: true }));

it('makes a next key once, and promotes it: the one before stays', async () => {
  expect(await coordinatorKeysIn(folder)).toBeUndefined();
  const { key: first } = await loadOrCreateKey(join(folder.keys, 'coordinator.key'));
  expect(await coordinatorKeysIn(folder)).toEqual({ current: first, former: [] });
  const next = await makeNextCoordinator(folder);
  expect(await makeNextCoordinator(folder)).toBe(next);
  expect(await coordinatorKeysIn(folder)).toEqual({ current: first, next, former: [] });
  await promoteNextCoordinator(folder);
  expect(await coordinatorKeysIn(folder)).toEqual({ current: next, former: [first] });
  expect((await readdir(folder.keys)).toSorted()).toEqual([
    ...[`coordinator-${first.slice(0, 16)}.key`, 'coordinator.key'],
  ]);
});

it('goes on where a start was cut off between the two names', async () => {
  const { key: first } = await loadOrCreateKey(join(folder.keys, 'coordinator.key'));
  const next = await makeNextCoordinator(folder);
  // what the first half of a promotion leaves
  const current = join(folder.keys, 'coordinator.key');
  await link(current, join(folder.keys, `coordinator-${first.slice(0, 16)}.key`));
  await promoteNextCoordinator(folder);
  expect(await coordinatorKeysIn(folder)).toEqual({ current: next, former: [first] });
});
