import { z } from 'zod';
import { LIMITS } from '../limits.js';
import { decimal, hash, roundNumber, runId, timeMs } from '../wire-types.js';

const { maxRelayCalls, maxRelayKeys, maxRelayHashes, maxRelayExtrinsicBytes } = LIMITS;

const hex0x = (max: number) =>
  z
    .string()
    .max(2 + 2 * max)
    .regex(/^0x(?:[0-9a-f]{2})*$/, 'must be 0x and pairs of lower-case hex digits');
const block = hex0x(32).length(66);
const number = z.int().min(0).max(0xffff_ffff);
const id = z.union([z.int().min(0), z.string().max(64)]);

function request<M extends string, P extends z.ZodType>(method: M, params: P) {
  return z.strictObject({ jsonrpc: z.literal('2.0'), id, method: z.literal(method), params });
}

/** What the relay passes on: reads that carry their proof, headers, finality, and somebody's signed transaction. */
const RelayRequest = z.discriminatedUnion('method', [
  request('chain_getFinalizedHead', z.tuple([])),
  request('chain_getHeader', z.tuple([block])),
  request('chain_getBlockHash', z.tuple([z.array(number).min(1).max(maxRelayHashes)])),
  request('state_getReadProof', z.tuple([z.array(hex0x(256)).min(1).max(maxRelayKeys), block])),
  request('grandpa_proveFinality', z.tuple([number])),
  request('author_submitExtrinsic', z.tuple([hex0x(maxRelayExtrinsicBytes)])),
]);
export type RelayRequest = z.infer<typeof RelayRequest>;

/** `POST /chain`: a batch of JSON-RPC 2.0. */
export const RelayBatch = z
  .array(RelayRequest)
  .min(1)
  .max(maxRelayCalls)
  .meta({ id: 'RelayBatch' });
export type RelayBatch = z.infer<typeof RelayBatch>;

/** An answer as the chain gave it; nothing of it was checked on the way. */
const RelayAnswer = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id,
  result: z.unknown().optional(),
  error: z.strictObject({ code: z.int(), message: z.string() }).optional(),
});
export const RelayAnswers = z.array(RelayAnswer).meta({ id: 'RelayAnswers' });
export type RelayAnswers = z.infer<typeof RelayAnswers>;

const counts = z.int().min(0);

/** `GET /ledger`: where the coordinator stands with its chain. */
export const LedgerView = z
  .strictObject({
    genesis: hash,
    finalized: z.strictObject({ block: counts, hash, atMs: timeMs }),
    /** Closed rounds that are in no finalised block yet, and since when the oldest waits. */
    outbox: z.strictObject({ waiting: counts, oldestAtMs: timeMs.nullable() }),
    /** What the newest committed rounds cost, newest first: a transaction is shared by the rounds it carries. */
    costs: z.array(
      z.strictObject({
        run: runId,
        round: roundNumber,
        block: counts.nullable(),
        /** Bytes of its share of the transaction. */
        bytes: decimal,
        /** From the round's close to the finalised block. */
        waitedMs: counts,
      }),
    ),
  })
  .meta({ id: 'Ledger' });
export type LedgerView = z.infer<typeof LedgerView>;
