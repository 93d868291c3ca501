/** One site's side of SCAFFOLD (Karimireddy et al. 2020, algorithm 1, option II). All arrays have d elements. */
export interface Controls {
  /** The server's c. */
  readonly server: Float64Array;
  /** The site's cᵢ. */
  readonly own: Float32Array;
}

/** What corrects every local gradient: fround(c − cᵢ). A fresh buffer. */
export function driftOf({ server, own }: Controls): Float32Array {
  return own.map((value, j) => server[j] - value);
}

/**
 * cᵢ⁺ = fround((cᵢ − c) + (x − y) ÷ (K·η)) in binary64, K·η computed once. A fresh buffer.
 * @param training.before x, the global model
 * @param training.after y, the locally trained model
 * @param training.pace K·η: local steps times the local learning rate
 */
export function nextControl(
  { server, own }: Controls,
  training: { readonly before: Float32Array; readonly after: Float32Array; readonly pace: number },
): Float32Array {
  const { before, after, pace } = training;
  return own.map((value, j) => value - server[j] + (before[j] - after[j]) / pace);
}
