import { decodeModel, decodeState, initialState, type Manifest } from '@tallystick/aggregation';
import { type RunId, TallyError, ZERO_HASH } from '@tallystick/kernel';
import type { RunSpec } from '@tallystick/protocol';
import type { Task } from '@tallystick/record';
import { datasetPath } from '../config/config-file.js';
import type { AgentContext, SiteProgress } from './agent-context.js';
import { fetchModel, fetchState } from './run-source.js';
import { type MadeUpdate, trainUpdate } from './train-update.js';

/** An admitted task and its run. */
export interface LocalRound {
  readonly task: Task;
  readonly spec: RunSpec;
}

/**
 * Everything between an admitted task and the files of its answer: downloads, the state this site carries, training,
 * encoding. The same task gives the same bytes.
 */
export async function makeUpdate(
  context: AgentContext,
  { task, spec }: LocalRound,
  signal: AbortSignal,
): Promise<MadeUpdate> {
  const { identity, deps, states } = context;
  const at: { readonly run: RunId; readonly round: number } = { run: task.run, round: task.round };
  const tell = (stage: SiteProgress['stage']): void => {
    deps.onProgress?.({ ...at, stage });
    deps.onTask?.({ ...at, kind: 'stage', stage });
  };
  const path = datasetPath(deps.config, deps.folder, spec.data.dataset);
  tell('download');
  const bytes = await fetchModel(deps.source, deps.sha256, { id: task.model, signal });
  const model = decodeModel(deps.sha256, bytes);
  const control = await serverControl(context, { task, spec, manifest: model.manifest }, signal);
  const state = await states.before({ task, spec, manifest: model.manifest }, signal);
  tell('train');
  const job = { task, spec, node: identity.node, datasetPath: path, model, state, control };
  const made = await trainUpdate(job, deps, signal);
  tell('encode');
  return made;
}

/** SCAFFOLD's c as the task names it; undefined for other strategies. */
async function serverControl(
  { deps }: AgentContext,
  { task, spec, manifest }: LocalRound & { readonly manifest: Manifest },
  signal: AbortSignal,
): Promise<Float64Array | undefined> {
  if (!('scaffold' in spec.strategy)) return undefined;
  const { state: id } = task;
  const { c } =
    id === ZERO_HASH
      ? (initialState(['c'], manifest.d) ?? {})
      : decodeState(manifest, await fetchState(deps.source, deps.sha256, { id, signal }));
  if (c !== undefined) return c;
  throw new TallyError('MODEL_MALFORMED', { reason: 'server state: it holds no control' });
}
