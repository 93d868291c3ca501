import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testBundle, type TestBundle } from './testing/fixture/test-bundle.js';

const run = promisify(execFile);
/** Children run what `npm run build` made. */
const built = (file: string): string =>
  fileURLToPath(new URL(`../dist/testing/${file}`, import.meta.url));
const PRELOAD = built('no-network.js');

/** Ways to the network that the preload must close; each is tried under it. */
const ATTEMPTS = [
  "import('node:net').then((net) => net.connect(9, '127.0.0.1'))",
  "import('node:net').then((net) => new net.Socket().connect(9, '127.0.0.1'))",
  "import('node:net').then((net) => net.createServer().listen(0))",
  "import('node:tls').then((tls) => tls.connect(9, '127.0.0.1'))",
  "import('node:http').then((http) => http.get('http://127.0.0.1:9/'))",
  "import('node:dns').then((dns) => dns.lookup('localhost', () => undefined))",
  "import('node:dns/promises').then((dns) => dns.resolve4('localhost'))",
  "import('node:dgram').then((dgram) => dgram.createSocket('udp4'))",
  "fetch('http://127.0.0.1:9/')",
];

describe('E: every network call refused', () => {
  let bundle: TestBundle;
  beforeAll(async () => {
    bundle = await testBundle();
  }, 60_000);
  afterAll(() => bundle.remove());

  it('E: a bundle is verified with nothing else present', async () => {
    expect(existsSync(PRELOAD), 'run `npm run build` first').toBe(true);
    const args = ['--import', PRELOAD, built('verify-main.js'), bundle.folder];
    const { stdout, stderr } = await run(process.execPath, args, { env: {} });
    expect(stderr).toContain('network refused\n');
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'CONSISTENT', rounds: 4, finding: null });
  }, 60_000);

  it.each(ATTEMPTS)(
    'E: the refusal is real: %s',
    async (attempt) => {
      const args = ['--import', PRELOAD, '--input-type=module', '--eval', `await ${attempt}`];
      const failed = run(process.execPath, args, { env: {}, timeout: 20_000 });
      await expect(failed).rejects.toMatchObject({
        stderr: expect.stringContaining('network refused: '),
      });
    },
    30_000,
  );
});
