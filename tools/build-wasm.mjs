// Builds the AssemblyScript kernels and writes them as base64 into committed TypeScript, so that nobody needs the
// compiler to run the product.
//   node tools/build-wasm.mjs           compile and write
//   node tools/build-wasm.mjs --check   compile and compare; exit 1 when the committed bytes are not these sources'
import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = new URL('../libs/aggregation/', import.meta.url);
/** Entry of each module, and where its bytes are written. */
const MODULES = [
  ['assembly/index.ts', 'src/kernels/aggregation.wasm.ts'],
  ['assembly/robust/index.ts', 'src/robust/robust.wasm.ts'],
  ['assembly/encode/index.ts', 'src/encode/encode.wasm.ts'],
];
const FLAGS =
  `-O3 --noAssert --runtime stub --enable simd,threads,bulk-memory --importMemory --sharedMemory
  --noExportMemory --initialMemory 1 --maximumMemory 65536`.split(/\s+/);

/** @param {string} entry */
async function compile(entry) {
  let wasm;
  const messages = asc.createMemoryStream();
  const { error } = await asc.main([entry, '--outFile', 'module.wasm', ...FLAGS], {
    readFile: (name) => readFile(new URL(name, ROOT), 'utf8').catch(() => null),
    writeFile: (name, contents) => {
      if (name.endsWith('.wasm')) wasm = contents;
    },
    listFiles: () => [],
    stderr: messages,
  });
  if (error !== null || wasm === undefined) throw new Error(`asc failed:\n${messages.toString()}`);
  return wasm;
}

/** @param {string} entry @param {Uint8Array} wasm */
function render(entry, wasm) {
  const base64 = Buffer.from(wasm).toString('base64');
  const lines = base64.match(/.{1,92}/g).map((line) => `  '${line}',`);
  return [
    `// Written by tools/build-wasm.mjs from libs/aggregation/${dirname(entry)}; do not edit.`,
    `/** The kernels, base64 of ${wasm.length} bytes of WebAssembly. */`,
    'export const WASM_BASE64: string = [',
    ...lines,
    "].join('');",
    '',
  ].join('\n');
}

const isCheck = process.argv.includes('--check');
for (const [entry, output] of MODULES) {
  const source = render(entry, await compile(entry));
  const url = new URL(output, ROOT);
  const path = fileURLToPath(url);
  if (!isCheck) {
    await writeFile(url, source);
    console.log(`wrote ${path}`);
  } else if ((await readFile(url, 'utf8').catch(() => '')) !== source) {
    console.error(`${path} is not what its sources compile to; run: node tools/build-wasm.mjs`);
    process.exitCode = 1;
  }
}
