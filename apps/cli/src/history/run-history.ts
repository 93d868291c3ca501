import { asHash, type RunId, TallyError } from '@tallystick/kernel';
import { type RoundView, RunSpec, type RunView } from '@tallystick/protocol';
import type { OperatorApi } from '../api/operator-api.js';
import { allRounds } from '../demo/watch-run.js';

/** Everything that the API tells of a run, for comparing and exporting it. */
export interface RunHistory {
  readonly view: RunView;
  readonly spec: RunSpec;
  /** Closed rounds, ascending. */
  readonly rounds: readonly RoundView[];
  /** Name of a site by node number; a node that left keeps its name here as long as the coordinator has it. */
  readonly nameOf: (node: number) => string;
}

/** What a history is read from. */
export type HistoryApi = Pick<OperatorApi, 'run' | 'rounds' | 'nodes' | 'spec'>;

/** Reads run, spec, all rounds and the nodes' names. Throws what the API throws, PROTO_MALFORMED for a spec that is none. */
export async function readHistory(api: HistoryApi, run: RunId): Promise<RunHistory> {
  const view = await api.run(run);
  const [text, rounds, nodes] = await Promise.all([
    api.spec(asHash(view.spec)),
    allRounds(api, run),
    api.nodes(),
  ]);
  const names = new Map<number, string>(nodes.map(({ node, name }) => [node, name]));
  return {
    view,
    spec: specOf(text),
    rounds,
    nameOf: (node) => names.get(node) ?? `node-${node}`,
  };
}

function specOf(text: string): RunSpec {
  try {
    return RunSpec.parse(JSON.parse(text));
  } catch (error) {
    const reason = 'the run spec that the coordinator keeps cannot be read';
    throw new TallyError('PROTO_MALFORMED', { reason }, error);
  }
}
