import { JsonRpc } from '@tallystick/chain';
import { type Hash, TallyError } from '@tallystick/kernel';
import { type Check, check } from './check.js';

/** The chain answers, and is the one that is meant. */
export function chainCheck(url: string, genesis: Hash | undefined): Promise<Check> {
  return check('chain', async () => {
    const rpc = new JsonRpc(url);
    const found = await rpc.hash('chain_getBlockHash', [0]);
    if (genesis !== undefined && found !== genesis) {
      throw new TallyError('LEDGER_WRONG_CHAIN', { url, got: found, want: genesis });
    }
    const head = await rpc.call('chain_getFinalizedHead', []);
    const header = await rpc.call('chain_getHeader', [head]);
    return `${url}, finalised block ${blockOf(header)}`;
  });
}

function blockOf(header: unknown): number {
  const number: unknown =
    typeof header === 'object' && header !== null ? Reflect.get(header, 'number') : undefined;
  return Number(number);
}
