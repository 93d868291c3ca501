/** One request of JSON-RPC. */
export interface RpcRequest {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Most requests in one call: what the coordinator's relay takes. */
export const MAX_CALLS = 64;
/** Bytes of one call; the coordinator refuses bodies above 2 MiB. */
const MAX_BYTES = 2 ** 20;

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
  while (answers.length < requests.length) {
    const rest = requests.slice(answers.length, answers.length + MAX_CALLS);
    answers.push(...(await rpc.call(rest.slice(0, fitting(rest)))));
    onCall?.(answers.length);
  }
  return answers;
}

/** How many of the requests fit into one body; at least one. */
function fitting(requests: readonly RpcRequest[]): number {
  let bytes = 0;
  const over = requests.findIndex((request) => {
    bytes += JSON.stringify(request).length;
    return bytes > MAX_BYTES;
  });
  return over < 0 ? requests.length : Math.max(1, over);
}
