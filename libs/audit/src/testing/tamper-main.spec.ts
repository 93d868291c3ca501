import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { saveKey } from '@tallystick/kernel/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyBundle } from '../verify-bundle.js';
import { NO_ANCHORS } from './anchors-for.js';
import { testBundle, type TestBundle } from './fixture/test-bundle.js';
import { MANIPULATIONS } from './manipulations.js';
import { releasedRuntimes } from './operator/evidence.js';
import { Scratch } from './scratch.js';

const run = promisify(execFile);
/** Children run what `npm run build` made. */
const MAIN = fileURLToPath(new URL('../../dist/testing/tamper-main.js', import.meta.url));

describe('tamper-main', () => {
  const scratch = new Scratch();
  let bundle: TestBundle;
  beforeAll(async () => {
    bundle = await testBundle();
  }, 60_000);
  afterAll(async () => {
    await scratch.dispose();
    await bundle.remove();
  });

  const main = async (...args: readonly string[]): Promise<unknown> => {
    const { stdout } = await run(process.execPath, [MAIN, ...args]);
    return JSON.parse(stdout);
  };

  it('lists the table', async () => {
    expect(await main('list')).toEqual(
      MANIPULATIONS.map(({ name, level, anchors }) => ({ name, level, anchors })),
    );
  }, 60_000);

  it('applies an entry with the keys of a deployment', async () => {
    const folder = await scratch.copyOf(bundle.folder);
    const keys = await scratch.folder();
    for (const [name, key] of Object.entries(bundle.keys)) {
      await saveKey(join(keys, `${name === 'account' ? 'coordinator-account' : name}.key`), key);
    }
    const name = 'a weight doubled, everything made to fit';
    const expected = await main('apply', name, folder, keys);
    expect(expected).toMatchObject({ step: 'V7', round: 3, record: 'weight of node 0' });
    const knownRuntimes = await releasedRuntimes();
    const report = await verifyBundle({ folder, anchors: NO_ANCHORS, knownRuntimes });
    expect(report.finding).toMatchObject(expected as object);
  }, 60_000);

  it('applies a raw entry without keys', async () => {
    const folder = await scratch.copyOf(bundle.folder);
    const expected = await main('apply', 'one bit of leaves.bin: weight', folder);
    expect(expected).toMatchObject({ step: 'V3', record: 'rounds/0001/leaves.bin' });
  }, 60_000);

  it('refuses anything else', async () => {
    const repaired = main('apply', 'another unit of weight', bundle.folder);
    await expect(repaired).rejects.toThrow("takes the operator's keys");
    await expect(main()).rejects.toMatchObject({ code: 64 });
    await expect(main('apply', 'x')).rejects.toMatchObject({ code: 64 });
  }, 60_000);
});
