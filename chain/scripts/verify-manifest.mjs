#!/usr/bin/env node
/**
 * Checks that the committed wasm is the one the manifest speaks of, that it was built from these
 * sources, and that it asks its host for nothing but the allowed functions. Needs Node alone.
 *
 *   verify-manifest.mjs                  check; exit 1 and one line per fault
 *   verify-manifest.mjs --source-hash    print the hash of the sources
 *   verify-manifest.mjs --write RUSTC    write the manifest (build-wasm.sh does, after its tests)
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ALLOWED_IMPORTS } from './allowed-imports.mjs';
import { blake2b256 } from './blake2b-256.mjs';

const CHAIN = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = ['Cargo.lock', 'Cargo.toml', 'pallets', 'records', 'runtime'];
/** The vectors that the Rust tests read. */
const VECTORS = ['keys.json', 'payouts.json', 'records.json', 'signatures.json', 'trees.json'];
const WASM = join(CHAIN, 'wasm/tally_runtime.wasm');
const MANIFEST = join(CHAIN, 'wasm/manifest.json');

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Every file at or below `path`, relative to chain/; dot files and build outputs left out. */
function filesUnder(path) {
  if (!statSync(join(CHAIN, path)).isDirectory()) return [path];
  return readdirSync(join(CHAIN, path))
    .filter((name) => !name.startsWith('.') && name !== 'target')
    .flatMap((name) => filesUnder(`${path}/${name}`));
}

/** SHA-256 over the lines "path NUL sha256 LF", sorted by path; paths are relative to `root`. */
function hashOf(root, paths) {
  const lines = paths.toSorted().map((path) => `${path}\0${sha256(readFileSync(join(root, path)))}\n`);
  return sha256(lines.join(''));
}

const sourceHash = () => hashOf(CHAIN, SOURCES.flatMap(filesUnder));

/** The functions the wasm asks its host for; of a damaged file, what is wrong with it. */
function importsOf(wasm) {
  try {
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(wasm));
    return imports.map(({ module, name }) => `${module}.${name}`).sort();
  } catch (error) {
    return [`(${error.message})`];
  }
}

function describe() {
  const wasm = readFileSync(WASM);
  return {
    sourceHash: sourceHash(),
    vectorsHash: hashOf(join(CHAIN, '../test-vectors'), VECTORS),
    wasmSha256: sha256(wasm),
    codeHash: blake2b256(wasm),
    lockHash: sha256(readFileSync(join(CHAIN, 'Cargo.lock'))),
    imports: importsOf(wasm),
  };
}

const HINTS = {
  sourceHash: 'the sources differ from those the wasm was built from; run chain/scripts/build-wasm.sh',
  vectorsHash: 'test-vectors/ differ from those the Rust tests passed; run chain/scripts/build-wasm.sh',
  wasmSha256: 'chain/wasm/tally_runtime.wasm is not the file that was built',
  codeHash: 'chain/wasm/tally_runtime.wasm is not the file that was built',
  lockHash: 'chain/Cargo.lock differs from the one the wasm was built with',
  imports: 'the wasm imports other functions than the manifest lists',
};

function differences(manifest, actual) {
  return Object.keys(actual)
    .filter((key) => JSON.stringify(manifest[key]) !== JSON.stringify(actual[key]))
    .map((key) => `${key}: ${HINTS[key]} (manifest ${manifest[key]}, found ${actual[key]})`);
}

function foreignImports({ imports }) {
  return imports
    .filter((name) => !ALLOWED_IMPORTS.has(name))
    .map((name) => `import ${name} is not allowed; see chain/scripts/allowed-imports.mjs`);
}

function endWith(faults) {
  for (const fault of faults) console.error(fault);
  process.exit(faults.length === 0 ? 0 : 1);
}

const [flag, rustc] = process.argv.slice(2);
if (flag === '--source-hash') {
  console.log(sourceHash());
} else if (flag === '--write' && rustc !== undefined) {
  const actual = describe();
  const foreign = foreignImports(actual);
  if (foreign.length > 0) endWith(foreign);
  writeFileSync(MANIFEST, `${JSON.stringify({ ...actual, rustc }, null, 2)}\n`);
  console.log(`wrote chain/wasm/manifest.json: ${actual.wasmSha256}`);
} else if (flag === undefined) {
  const manifest = JSON.parse(readFileSync(MANIFEST, 'utf8'));
  const actual = describe();
  const found = [...differences(manifest, actual), ...foreignImports(actual)];
  if (found.length === 0) console.log('chain/wasm matches its manifest and the sources');
  endWith(found);
} else {
  console.error('usage: verify-manifest.mjs [--source-hash | --write RUSTC]');
  process.exit(64);
}
