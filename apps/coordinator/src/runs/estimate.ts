import { asRunId } from '@tallystick/kernel';
import { type EstimateView, type NodeView, parseRunSpec, type RunSpec } from '@tallystick/protocol';
import type { FigureRows } from '../persistence/figure-rows.js';

/** Bytes of a value, by codec, and of a position where only some are sent. */
const VALUE_BYTES = { i32: 4, i16: 2, i8: 1 } as const;
const POSITION_BYTES = 4;
/** Header of an update, and of a model with its tensors' names: 64 and about 256 bytes. */
const UPDATE_HEAD_BYTES = 64;
const MODEL_HEAD_BYTES = 256;

/** What a run would cost, from its spec and from what was measured here. Throws CONFIG_RUN_SPEC_INVALID. */
export async function estimate(
  text: string,
  deps: {
    readonly figures: Pick<FigureRows, 'speeds' | 'declines'>;
    readonly nodes: readonly NodeView[];
  },
): Promise<EstimateView> {
  const parsed = parseRunSpec(text);
  if (!parsed.ok) throw parsed.error;
  const { spec } = parsed;
  const speeds = new Map(
    (await deps.figures.speeds()).map(({ node_id: node, round_ms: took }) => [node, took]),
  );
  const declines = new Map(
    (await deps.figures.declines(spec.purpose, spec.data.dataset)).map((row) => [row.node_id, row]),
  );
  const sites = deps.nodes
    .filter(({ status }) => status === 'active')
    .map(({ node, name, connected }) => ({
      node,
      name,
      connected,
      roundMs: speeds.get(node) ?? null,
      declined: declineOf(declines.get(node)),
    }));
  return { ...sizes(spec), sites, seconds: secondsOf(spec, sites) };
}

function declineOf(
  row:
    | { readonly run_id: number; readonly code: string | null; readonly message: string | null }
    | undefined,
): EstimateView['sites'][number]['declined'] {
  if (row === undefined) return null;
  const { run_id: run, code, message } = row;
  return { run: asRunId(run), code: code ?? 'DECLINED', message: message ?? '' };
}

function secondsOf({ rounds }: RunSpec, sites: EstimateView['sites']): number | null {
  const measured = sites.flatMap(({ connected, roundMs }) =>
    connected && roundMs !== null ? [roundMs] : [],
  );
  return measured.length === 0 ? null : (Math.max(...measured) * rounds) / 1000;
}

function sizes(spec: RunSpec): Omit<EstimateView, 'sites' | 'seconds'> {
  const parameters = parametersOf(spec);
  const { codec, topPpm } = spec.numeric;
  const sent = topPpm === undefined ? parameters : Math.ceil((parameters * topPpm) / 1_000_000);
  const each = VALUE_BYTES[codec] + (topPpm === undefined ? 0 : POSITION_BYTES);
  const updateBytes = sent * each + UPDATE_HEAD_BYTES;
  const modelBytes = parameters * 4 + MODEL_HEAD_BYTES;
  return {
    rounds: spec.rounds,
    needed: spec.window.count.min,
    parameters,
    updateBytes,
    modelBytes,
    siteBytes: spec.rounds * (updateBytes + modelBytes) + modelBytes,
  };
}

/** Weights and biases of the dense layers over the features' columns. */
function parametersOf({ data, model }: RunSpec): number {
  let width = data.features.reduce((sum, { oneHot }) => sum + (oneHot?.length ?? 1), 0);
  let total = 0;
  for (const { dense } of model.layers) {
    total += (width + 1) * dense.units;
    width = dense.units;
  }
  return total;
}
