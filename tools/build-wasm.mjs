// Builds the AssemblyScript kernels and writes them as base64 into committed TypeScript, so that nobody needs the
// compiler to run the product.
//   node tools/build-wasm.mjs           compile and write
//   node tools/build-wasm.mjs --check   compile and compare; exit 1 when the committed bytes are not these sources'
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = new URL('../libs/aggregation/', import.meta.url);
const OUTPUT = new URL('src/kernels/aggregation.wasm.ts', ROOT);
const FLAGS =
  `-O3 --noAssert --runtime stub --enable simd,threads,bulk-memory --importMemory --sharedMemory
  --noExportMemory --initialMemory 1 --maximumMemory 65536`.split(/\s+/);

async function compile() {
  let wasm;
  const messages = asc.createMemoryStream();
  const { error } = await asc.main(
    ['assembly/index.ts', '--outFile', 'aggregation.wasm', ...FLAGS],
    {
      readFile: (name) => readFile(new URL(name, ROOT), 'utf8').catch(() => null),
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) wasm = contents;
      },
      listFiles: () => [],
      stderr: messages,
    },
  );
  if (error !== null || wasm === undefined) throw new Error(`asc failed:\n${messages.toString()}`);
  return wasm;
}

function render(wasm) {
  const base64 = Buffer.from(wasm).toString('base64');
  const lines = base64.match(/.{1,92}/g).map((line) => `  '${line}',`);
  return [
    '// Written by tools/build-wasm.mjs from libs/aggregation/assembly; do not edit.',
    `/** The kernels, base64 of ${wasm.length} bytes of WebAssembly. */`,
    'export const WASM_BASE64: string = [',
    ...lines,
    "].join('');",
    '',
  ].join('\n');
}

const source = render(await compile());
const path = fileURLToPath(OUTPUT);
if (process.argv.includes('--check')) {
  const committed = await readFile(OUTPUT, 'utf8').catch(() => '');
  if (committed !== source) {
    console.error(`${path} is not what its sources compile to; run: node tools/build-wasm.mjs`);
    process.exit(1);
  }
} else {
  await writeFile(OUTPUT, source);
  console.log(`wrote ${path}`);
}
