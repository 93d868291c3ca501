import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const WASM = 'chain/wasm/tally_runtime.wasm';
const MANIFEST = 'chain/wasm/manifest.json';
const COPIED = ['Cargo.lock', 'Cargo.toml', 'pallets', 'records', 'runtime', 'scripts', 'wasm'];
/** (module (import "env" "ext_http_request" (func))) */
const FOREIGN = Buffer.from(
  '0061736d0100000001040160000002180103656e7610' +
    Buffer.from('ext_http_request').toString('hex') +
    '0000',
  'hex',
);

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tally-manifest-'));
  for (const name of COPIED) {
    cpSync(join(ROOT, 'chain', name), join(root, 'chain', name), { recursive: true });
  }
  cpSync(join(ROOT, 'test-vectors'), join(root, 'test-vectors'), { recursive: true });
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function verify(...args: readonly string[]): {
  readonly status: number | null;
  readonly said: string;
} {
  const script = join(root, 'chain/scripts/verify-manifest.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

describe('the committed wasm', () => {
  it('is the one the manifest speaks of, built from these sources', () => {
    expect(verify()).toEqual({ status: 0, said: expect.stringContaining('matches its manifest') });
  });

  it.each([
    ['a source', 'chain/pallets/tally/src/checks.rs', 'sourceHash'],
    ['the lock file', 'chain/Cargo.lock', 'lockHash'],
    ['a vector', 'test-vectors/keys.json', 'vectorsHash'],
    ['the wasm', WASM, 'wasmSha256'],
  ])('is refused when %s has changed', (_, path, named) => {
    appendFileSync(join(root, path), '\n');
    expect(verify()).toEqual({ status: 1, said: expect.stringContaining(`${named}:`) });
  });

  it('is refused when a file joins the sources', () => {
    writeFileSync(join(root, 'chain/runtime/src/extra.rs'), '');
    expect(verify()).toEqual({ status: 1, said: expect.stringContaining('sourceHash:') });
  });

  it('is refused when it asks its host for another function, and no manifest is written for it', () => {
    const before = readFileSync(join(root, MANIFEST), 'utf8');
    writeFileSync(join(root, WASM), FOREIGN);
    const refusal = {
      status: 1,
      said: expect.stringContaining('env.ext_http_request is not allowed'),
    };
    expect(verify('--write', 'rustc')).toEqual(refusal);
    expect(readFileSync(join(root, MANIFEST), 'utf8')).toBe(before);
    expect(verify()).toEqual(refusal);
  });
});
