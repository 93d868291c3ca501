import type { RobustRule } from './robust/robust-rule.js';
import type { Strategy } from './strategy.js';

/** What the server keeps between two rounds: d elements each, and only the parts that the run's rules need. */
export interface ServerState {
  /** First moment of a server optimizer. */
  readonly m?: Float64Array;
  /** Second moment; FedAvgM has none. */
  readonly v?: Float64Array;
  /** Centred clipping: the last aggregate, in units of 2⁻³². */
  readonly z?: BigInt64Array;
  /** SCAFFOLD: the server's control variate. */
  readonly c?: Float64Array;
}

/** The parts in the order in which a state file holds them. */
export const STATE_PARTS = ['m', 'v', 'z', 'c'] as const;
export type StatePart = (typeof STATE_PARTS)[number];

/** The parts that a run of these rules keeps, in file order; none: its state has no file. */
export function stateParts(kind: Strategy['kind'], robust?: RobustRule['kind']): StatePart[] {
  const kept = new Set<StatePart>(partsOf(kind));
  if (robust === 'centredClipping') kept.add('z');
  return STATE_PARTS.filter((part) => kept.has(part));
}

function partsOf(kind: Strategy['kind']): readonly StatePart[] {
  switch (kind) {
    case 'fedAvg':
    case 'fedNova':
      return [];
    case 'fedAvgM':
      return ['m'];
    case 'fedAdagrad':
    case 'fedAdam':
    case 'fedYogi':
      return ['m', 'v'];
    case 'scaffold':
      return ['c'];
  }
}

/** The parts that `state` holds, in file order. */
export function partsIn(state: ServerState): StatePart[] {
  return STATE_PARTS.filter((part) => state[part] !== undefined);
}

/** The state before the first round: zeros (moments too, not τ² as Reddi et al.); undefined without parts. */
export function initialState(
  parts: readonly StatePart[],
  d: number,
  allocate: (bytes: number) => ArrayBufferLike = (bytes) => new ArrayBuffer(bytes),
): ServerState | undefined {
  if (parts.length === 0) return undefined;
  const place: Place = () => ({ buffer: allocate(8 * d), offset: 0 });
  return stateOver(parts, d, place);
}

/** Where a part's 8·d bytes lie; the offset is in bytes. */
type Place = (index: number) => { readonly buffer: ArrayBufferLike; readonly offset: number };

/** Views of d elements, one for each of `parts`, over the memory that `place` names. */
export function stateOver(parts: readonly StatePart[], d: number, place: Place): ServerState {
  const state: { -readonly [P in StatePart]?: ServerState[P] } = {};
  for (const [index, part] of parts.entries()) {
    const { buffer, offset } = place(index);
    if (part === 'z') state.z = new BigInt64Array(buffer, offset, d);
    else state[part] = new Float64Array(buffer, offset, d);
  }
  return state;
}

/** A copy, each part in memory of its own. */
export function copyState({ m, v, z, c }: ServerState): ServerState {
  return {
    ...(m && { m: m.slice() }),
    ...(v && { v: v.slice() }),
    ...(z && { z: z.slice() }),
    ...(c && { c: c.slice() }),
  };
}
