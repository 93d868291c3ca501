import type { Federation } from './federation.js';
import { HEADER } from './records.js';

/** Root of the contributions' tree in the signed header that the API shows as evidence of a round. */
export async function contribRootOf(
  federation: Federation,
  run: number,
  round: number,
): Promise<unknown> {
  const path = `runs/${run}/rounds/${round}/evidence`;
  const { header } = await federation.get<{ header: string }>(path);
  return HEADER.decode(Buffer.from(header, 'hex'))['contribRoot'];
}
