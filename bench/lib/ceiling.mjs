// @ts-check
/**
 * The ceiling of a fold on one core: the plainest WebAssembly SIMD loops that move bytes as a fold does. Compiled here,
 * so that the product's own kernels have no part in it.
 */
import asc from 'assemblyscript/asc';

const SOURCE = `
/** acc += x over float32: 12 bytes moved per element. */
export function addF32(acc: usize, x: usize, count: i32): void {
  const end = acc + (count << 2);
  while (acc < end) {
    v128.store(acc, f32x4.add(v128.load(acc), v128.load(x)));
    acc += 16;
    x += 16;
  }
}

/** acc += x, int64 += int32: 20 bytes moved per element. */
export function addI64(acc: usize, x: usize, count: i32): void {
  const end = x + (count << 2);
  while (x < end) {
    const four = v128.load(x);
    v128.store(acc, i64x2.add(v128.load(acc), i64x2.extend_low_i32x4_s(four)));
    v128.store(acc, i64x2.add(v128.load(acc, 16), i64x2.extend_high_i32x4_s(four)), 16);
    acc += 32;
    x += 16;
  }
}
`;

const FLAGS =
  '-O3 --noAssert --runtime stub --enable simd --importMemory --noExportMemory --initialMemory 1';
const PAGE_BYTES = 65_536;

/**
 * The two loops over a fresh memory: int64 sums at 0, 8 bytes per element, then x, 4 bytes per element.
 * @param {number} elements a multiple of 4
 */
export async function ceilingLoops(elements) {
  const pages = Math.ceil((12 * elements) / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages });
  const module = new WebAssembly.Module(await compile());
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const { addF32, addI64 } =
    /** @type {Record<'addF32' | 'addI64', (acc: number, x: number, count: number) => void>} */ (
      /** @type {unknown} */ (exports) // WebAssembly exports are typed by what was compiled
    );
  new Int32Array(memory.buffer).fill(1);
  return {
    /** Moves 20 bytes per element. */
    i64: () => addI64(0, 8 * elements, elements),
    /** Moves the same number of bytes over the same memory: acc in its first half, x in its second. */
    f32: () => {
      const half = 6 * elements;
      const count = half >> 2;
      for (let moved = 0; moved < 20 * elements; moved += 12 * count) {
        const rest = Math.floor((20 * elements - moved) / 12) & ~3;
        if (rest === 0) return;
        addF32(0, half, Math.min(count, rest));
      }
    },
  };
}

/** @returns {Promise<Uint8Array>} */
async function compile() {
  /** @type {Uint8Array | undefined} */
  let wasm;
  const messages = asc.createMemoryStream();
  const { error } = await asc.main(['loops.ts', '--outFile', 'loops.wasm', ...FLAGS.split(' ')], {
    readFile: (name) => (name === 'loops.ts' ? SOURCE : null),
    writeFile: (name, contents) => {
      if (name === 'loops.wasm' && typeof contents !== 'string') wasm = new Uint8Array(contents);
    },
    listFiles: () => [],
    stderr: messages,
  });
  if (error !== null || wasm === undefined) throw new Error(`asc failed:\n${messages.toString()}`);
  return wasm;
}
