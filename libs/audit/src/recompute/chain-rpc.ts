/** One request of JSON-RPC. */
export interface RpcRequest {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Most requests in one call: what the coordinator's relay takes. */
export const MAX_CALLS = 64;

/** Somebody's JSON-RPC. Nothing it says is believed: headers are hashed again, reads are proved. */
export interface ChainRpc {
  /** Answers in the order of at most MAX_CALLS requests; rejects when one of them was refused. */
  call(requests: readonly RpcRequest[]): Promise<readonly unknown[]>;
}

/** All answers, in as many calls as it takes. @param onCall after each: answers so far */
export async function callAll(
  rpc: ChainRpc,
  requests: readonly RpcRequest[],
  onCall?: (done: number) => void,
): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  for (let from = 0; from < requests.length; from += MAX_CALLS) {
    answers.push(...(await rpc.call(requests.slice(from, from + MAX_CALLS))));
    onCall?.(answers.length);
  }
  return answers;
}
