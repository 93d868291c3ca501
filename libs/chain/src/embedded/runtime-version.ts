import { toHex0x } from './hex.js';
import { ScaleReader } from './scale.js';
import type { StateVersion } from './trie/node-codec.js';

/** sp-version's `RuntimeVersion`. */
export interface RuntimeVersion {
  readonly specName: string;
  readonly implName: string;
  readonly authoringVersion: number;
  readonly specVersion: number;
  readonly implVersion: number;
  /** (API id as 0x-hex of 8 bytes, version). */
  readonly apis: readonly (readonly [id: string, version: number])[];
  readonly transactionVersion: number;
  readonly systemVersion: number;
}

/** Decodes what `Core_version` returns; throws RangeError. */
export function decodeRuntimeVersion(bytes: Uint8Array): RuntimeVersion {
  const input = new ScaleReader(bytes);
  const text = (): string => new TextDecoder().decode(input.opaque());
  const version = {
    specName: text(),
    implName: text(),
    authoringVersion: input.u32(),
    specVersion: input.u32(),
    implVersion: input.u32(),
    apis: input.vector(() => [toHex0x(input.take(8)), input.u32()] as const),
    transactionVersion: input.u32(),
    systemVersion: input.u8(),
  };
  input.end();
  return version;
}

/** Version of the trie that holds a block's extrinsics: hashed values came with system version 2. */
export function extrinsicsRootVersion(version: RuntimeVersion): StateVersion {
  return version.systemVersion >= 2 ? 1 : 0;
}
