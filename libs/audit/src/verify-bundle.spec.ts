import { readFile } from 'node:fs/promises';
import { asHash, type Hash } from '@tallystick/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from './render-report.js';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';
import { verifyBundle } from './verify-bundle.js';

describe('verifyBundle', () => {
  let bundle: TestBundle;
  let knownRuntimes: ReadonlySet<Hash>;
  beforeAll(async () => {
    console.time('fixture');
    bundle = await testBundle();
    console.timeEnd('fixture');
    const url = new URL('../../../chain/wasm/manifest.json', import.meta.url);
    knownRuntimes = new Set([asHash(JSON.parse(await readFile(url, 'utf8')).codeHash)]);
  }, 60_000);
  afterAll(() => bundle.remove());

  it('verifies', async () => {
    for (let i = 0; i < 3; i++) {
      console.time('verify');
      const report = await verifyBundle({
        folder: bundle.folder,
        anchors: { nodeKeys: [], logs: bundle.anchors },
        knownRuntimes,
      });
      console.timeEnd('verify');
      if (i === 0) console.log(renderReport(report).join('\n'));
      expect(report.verdict).toBe('VERIFIED');
    }
  });
});
