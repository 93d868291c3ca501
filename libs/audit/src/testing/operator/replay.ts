import { type Block, ScaleReader } from '@tallystick/chain/embedded';
import type { StandingClock, TestChain } from '../fixture/test-chain.js';

/** Authors a block again; Ed25519 is deterministic, so equal keys and times give equal bytes. */
export async function replay(chain: TestChain, clock: StandingClock, block: Block): Promise<void> {
  clock.set(timestampOf(block));
  await chain.blockOf(block.extrinsics.filter(isSigned));
  const { stateRoot, parentHash } = block.header;
  const again = chain.host.block(chain.head.number)?.header;
  if (again?.stateRoot === stateRoot && again.parentHash === parentHash) return;
  throw new Error(`block ${block.header.number} cannot be authored again with these keys`);
}

const SIGNED = 0x84;

function isSigned(extrinsic: Uint8Array): boolean {
  return new ScaleReader(extrinsic).opaque()[0] === SIGNED;
}

/** Milliseconds of `Timestamp.set`, the one inherent of a block: version, pallet, call, compact time. */
function timestampOf(block: Block): number {
  const inherent = block.extrinsics.find((extrinsic) => !isSigned(extrinsic));
  if (inherent === undefined) throw new Error(`block ${block.header.number} has no timestamp`);
  const input = new ScaleReader(new ScaleReader(inherent).opaque());
  input.take(3);
  return input.compact();
}
