// @ts-check
/**
 * Writes test-vectors/cid.json with a reference importer, which is no dependency of this repository:
 *
 *     npm install --prefix /tmp/reference ipfs-unixfs-importer blockstore-core
 *     node tools/cid-vectors.mjs /tmp/reference
 *
 * A file is pieces of 1 MiB; piece k begins with k + 1 as u64, little-endian, and is zero otherwise.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const MIB = 1024 * 1024;
const SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB, 1024 * MIB, 1024 * MIB + 1, 1026 * MIB + 7];
const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node tools/cid-vectors.mjs <folder with ipfs-unixfs-importer>');
  process.exit(64);
}

/** @param {string} path below node_modules @returns {Promise<any>} */
function loadFile(path) {
  return import(pathToFileURL(join(folder ?? '', 'node_modules', path)).href);
}

/** @param {number} size */
function* pieces(size) {
  for (let k = 0; k * MIB < size; k++) {
    const piece = new Uint8Array(MIB);
    new DataView(piece.buffer).setBigUint64(0, BigInt(k + 1), true);
    yield piece.subarray(0, Math.min(MIB, size - k * MIB));
  }
}

const { importer } = await loadFile('ipfs-unixfs-importer/dist/src/index.js');
const { fixedSize } = await loadFile('ipfs-unixfs-importer/dist/src/chunker/fixed-size.js');
const { balanced } = await loadFile('ipfs-unixfs-importer/dist/src/layout/balanced.js');
const { BlackHoleBlockstore } = await loadFile('blockstore-core/dist/src/black-hole.js');
const options = {
  cidVersion: 1,
  rawLeaves: true,
  wrapWithDirectory: false,
  reduceSingleLeafToSelf: true,
  chunker: fixedSize({ chunkSize: MIB }),
  layout: balanced({ maxChildrenPerNode: 1024 }),
};

const files = [];
for (const size of SIZES) {
  const content = (async function* () {
    yield* pieces(size);
  })();
  for await (const { cid } of importer([{ content }], new BlackHoleBlockstore(), options)) {
    files.push({ bytes: size, cid: cid.toString() });
  }
}
const about = join(folder, 'node_modules/ipfs-unixfs-importer/package.json');
const { version } = JSON.parse(readFileSync(about, 'utf8'));
const vectors = { profile: 'unixfs-v1-2025', by: `ipfs-unixfs-importer ${version}`, files };
writeFileSync(
  new URL('../test-vectors/cid.json', import.meta.url),
  `${JSON.stringify(vectors, null, 2)}\n`,
);
