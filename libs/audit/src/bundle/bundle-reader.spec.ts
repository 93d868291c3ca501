import { execFileSync } from 'node:child_process';
import { mkdir, open, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asHash, asRunId, isTallyError, toHex, utf8 } from '@tallystick/kernel';
import { sha256 } from '@tallystick/kernel/node';
import { cidOfLeaf } from '@tallystick/blobs';
import { canonicalJson } from '@tallystick/record';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scratch } from '../testing/scratch.js';
import { BundleReader } from './bundle-reader.js';
import { BundleWriter } from './bundle-writer.js';
import { decodeManifest, encodeManifest } from './manifest.js';

const A = asHash('aa'.repeat(32));
const ABOUT = { run: asRunId(1), genesis: A, head: A };
const TASK = 'rounds/0000/task.bin';

describe('BundleReader', () => {
  const scratch = new Scratch();
  let folder: string;

  beforeEach(async () => {
    folder = join(await scratch.folder(), 'bundle');
    const writer = await BundleWriter.create(folder);
    await writer.put('run/spec.json', utf8('{}'));
    await writer.put(TASK, new Uint8Array(3));
    await writer.finish(ABOUT);
  });
  afterEach(() => scratch.dispose());

  /** Path and reason of the refusal. */
  const refusal = async (): Promise<string> => {
    const error = await BundleReader.open(folder).catch((thrown: unknown) => thrown);
    if (!isTallyError(error, 'AUDIT_BUNDLE_MALFORMED')) throw error;
    return `${error.meta['path']}: ${error.meta['reason']}`;
  };

  it('reads what BundleWriter wrote', async () => {
    const bundle = await BundleReader.open(folder);
    expect(bundle.paths()).toEqual([TASK, 'run/spec.json']);
    expect(bundle.file('run/spec.json')).toEqual({
      path: 'run/spec.json',
      bytes: 2,
      sha256: sha256(utf8('{}')),
      cid: cidOfLeaf(sha256(utf8('{}'))),
    });
    expect(await bundle.read(TASK)).toEqual(new Uint8Array(3));
    expect(await bundle.read('chain/spec.json')).toBeUndefined();
    expect(bundle.damage()).toEqual([]);
  });

  it('tells damage from the manifest', async () => {
    await writeFile(join(folder, TASK), 'other');
    await rm(join(folder, 'run/spec.json'));
    await writeFile(join(folder, 'rounds/0000/leaves.bin'), '');
    expect((await BundleReader.open(folder)).damage()).toEqual([
      { path: 'rounds/0000/leaves.bin', what: 'not listed' },
      { path: TASK, what: 'other bytes' },
      { path: 'run/spec.json', what: 'missing' },
    ]);
  });

  it('refuses a folder that is none, or has no manifest', async () => {
    await rm(join(folder, 'manifest.json'));
    expect(await refusal()).toBe('manifest.json: it is missing');
    await rm(folder, { recursive: true });
    expect(await refusal()).toContain('ENOENT');
    await writeFile(folder, 'a file');
    expect(await refusal()).toContain('ENOTDIR');
  });

  it('refuses links, even to files of the bundle, and what is no file', async () => {
    const task = join(folder, TASK);
    await rename(task, join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), task);
    expect(await refusal()).toMatch(/a bundle does not hold it/);
    await rm(join(folder, 'elsewhere'));
    expect(await refusal()).toBe(`${TASK}: a bundle does not hold it`);
    await rm(task);
    execFileSync('mkfifo', [task]);
    expect(await refusal()).toBe(`${TASK}: a bundle does not hold it`);
    await rm(task);
    await mkdir(task);
    expect(await refusal()).toBe(`${TASK}: a bundle does not hold it`);
    await rm(join(folder, 'rounds'), { recursive: true });
    await symlink('/', join(folder, 'rounds'));
    expect(await refusal()).toBe('rounds: a bundle does not hold it');
  });

  it.each([
    'notes.txt',
    'rounds/00000/task.bin',
    'rounds/1/task.bin',
    'rounds/0000/task.txt',
    'rounds/0000/deep/task.bin',
    'blobs/AA',
    `blobs/${'AA'.repeat(32)}`,
    'chain/__proto__',
    'constructor',
    'rounds/0000/toString',
  ])('refuses %s', async (path) => {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), 'x');
    expect(await refusal()).toMatch(/a bundle does not hold it/);
  });

  it('refuses sizes before it reads a byte', async () => {
    const sizes: readonly (readonly [string, number])[] = [
      ['chain/blocks.bin', 2 ** 30 + 1],
      ['chain/spec.json', 2 ** 25 + 1],
      ['run/spec.json', 2 ** 20 + 1],
      [TASK, 5_000],
      [`blobs/${A}`, 2 ** 31],
      ['manifest.json', 2 ** 26 + 1],
    ];
    for (const [path, bytes] of sizes) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      const file = await open(join(folder, path), 'a');
      const before = (await file.stat()).size;
      await file.close();
      await truncate(join(folder, path), bytes); // sparse
      expect(await refusal()).toContain(`${path}: it has ${bytes} bytes, the limit is `);
      if (path === 'manifest.json') return;
      await truncate(join(folder, path), before);
    }
  });

  it('refuses to write into a folder that holds anything, or what no bundle holds', async () => {
    await expect(BundleWriter.create(folder)).rejects.toThrow('is not empty');
    const writer = await BundleWriter.create(join(folder, 'rounds/0001'));
    await expect(writer.put('../escape', new Uint8Array())).rejects.toThrow(RangeError);
    await expect(writer.put('run/spec.json', new Uint8Array(2 ** 20 + 1))).rejects.toThrow(
      RangeError,
    );
  });
});

describe('manifest', () => {
  const file = { path: 'run/spec.json', bytes: 2, sha256: A, cid: cidOfLeaf(A) };
  const manifest = { ...ABOUT, files: [file] };

  it('round-trips', () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  });

  const bad: readonly (readonly [string, unknown])[] = [
    ['another format', { ...manifest, format: 'tallystick-evidence/3' }],
    ['no run', { ...manifest, run: '1' }],
    ['a run that is no u32', { ...manifest, run: 2 ** 32 }],
    ['a genesis that is no hash', { ...manifest, genesis: 'AA'.repeat(32) }],
    ['no files', { ...manifest, files: {} }],
    ['a file that is none', { ...manifest, files: [null] }],
    ['a size below 0', { ...manifest, files: [{ ...file, bytes: -1 }] }],
    ['a size that is no integer', { ...manifest, files: [{ ...file, bytes: 0.5 }] }],
    ['a file without a CID', { ...manifest, files: [{ ...file, cid: 'b' }] }],
    ['a file twice', { ...manifest, files: [file, file] }],
    ['a further field', { ...manifest, more: 1 }],
    ['a further field of a file', { ...manifest, files: [{ ...file, more: 1 }] }],
    ['a deep nest', { ...manifest, more: JSON.parse('['.repeat(20) + ']'.repeat(20)) }],
    ['an array', []],
  ];
  it.each(bad)('refuses %s', (_, value) => {
    const object = Array.isArray(value)
      ? value
      : { format: 'tallystick-evidence/2', ...Object(value) };
    const bytes = utf8(canonicalJson(object));
    expect(() => decodeManifest(bytes)).toThrow(/the bundle is not valid: manifest\.json/);
  });

  it('refuses any other bytes of the same value', () => {
    const bytes = encodeManifest(manifest);
    const text = new TextDecoder().decode(bytes);
    for (const other of [` ${text}`, `${text}\n`, text.replace('{', '{ '), `\ufeff${text}`]) {
      expect(() => decodeManifest(utf8(other))).toThrow(/not valid/);
    }
    expect(() => decodeManifest(new Uint8Array([0xff, ...bytes]))).toThrow('it is not UTF-8');
    expect(() => decodeManifest(utf8('['.repeat(1_000_000)))).toThrow('nested deeper than 8');
    expect(() => decodeManifest(new Uint8Array())).toThrow(/not valid/);
    expect(toHex(bytes)).toBe(toHex(encodeManifest(decodeManifest(bytes))));
  });
});
