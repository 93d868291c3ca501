import type { Hash } from '@tallystick/kernel';
import type { NumberedBlock } from '../chain-event.js';
import type { Header } from '../header.js';
import { toHex0x } from '../hex.js';
import type { RuntimeVersion } from '../runtime-version.js';

/** A hash as JSON-RPC writes it. */
export function hashJson(hash: Hash): string {
  return `0x${hash}`;
}

/** A header as JSON-RPC writes it. */
export function headerJson(header: Header): unknown {
  return {
    parentHash: hashJson(header.parentHash),
    number: `0x${header.number.toString(16)}`,
    stateRoot: hashJson(header.stateRoot),
    extrinsicsRoot: hashJson(header.extrinsicsRoot),
    digest: { logs: header.digest.map(toHex0x) },
  };
}

/** A signed block as JSON-RPC writes it. */
export function blockJson(block: NumberedBlock): unknown {
  return {
    block: { header: headerJson(block.header), extrinsics: block.extrinsics.map(toHex0x) },
    justifications: null,
  };
}

/** A runtime version as JSON-RPC writes it: `stateVersion` is the old name of `systemVersion`. */
export function versionJson(version: RuntimeVersion): unknown {
  return { ...version, stateVersion: version.systemVersion };
}

/** A value or its absence. */
export function bytesJson(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : toHex0x(bytes);
}
