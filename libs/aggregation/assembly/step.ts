// Server steps of protocol.md §1.6–1.7 in binary64: every operation rounded once, in the order written here.
// No fused multiply-add, no reassociation, no relaxed SIMD. `sums` is i64, `model` f32, `m`, `v` and `c` f64.
// Each returns 1 when every value it wrote is finite, else 0.

/** 2^−32: the last product of g is exact outside subnormals. */
const UNIT: f64 = 1.0 / 4294967296.0;

export function sqrt(x: f64): f64 {
  return Math.sqrt(x);
}

function gradient(sums: usize, sumWeight: f64): f64 {
  return (<f64>load<i64>(sums) / sumWeight) * UNIT;
}

function finite(x: f64): bool {
  return abs<f64>(x) < Infinity;
}

/** model ← fround(f64(model) + step); true when the result is finite. */
function move(model: usize, step: f64): bool {
  const next = <f32>(<f64>load<f32>(model) + step);
  store<f32>(model, next);
  return finite(<f64>next);
}

/** FedAvg: step = η·g. */
export function stepAvg(count: i32, sums: usize, model: usize, sumWeight: f64, eta: f64): i32 {
  let ok = true;
  for (let i = 0; i < count; i++) {
    ok = move(model, eta * gradient(sums, sumWeight)) && ok;
    sums += 8;
    model += 4;
  }
  return ok ? 1 : 0;
}

/** FedAvgM: m ← (β1·m) + g; step = η·m. */
export function stepAvgM(
  count: i32,
  sums: usize,
  model: usize,
  m: usize,
  sumWeight: f64,
  eta: f64,
  beta1: f64,
): i32 {
  let ok = true;
  for (let i = 0; i < count; i++) {
    const next = beta1 * load<f64>(m) + gradient(sums, sumWeight);
    store<f64>(m, next);
    ok = move(model, eta * next) && finite(next) && ok;
    sums += 8;
    model += 4;
    m += 8;
  }
  return ok ? 1 : 0;
}

/** m ← (β1·m) + (c1·g), stored and returned. */
function firstMoment(m: usize, g: f64, beta1: f64, c1: f64): f64 {
  const next = beta1 * load<f64>(m) + c1 * g;
  store<f64>(m, next);
  return next;
}

/** Stores v and moves the model by (η·m) ÷ (√v + τ). */
function adaptive(model: usize, v: usize, first: f64, second: f64, eta: f64, tau: f64): bool {
  store<f64>(v, second);
  const ok = move(model, (eta * first) / (Math.sqrt(second) + tau));
  return ok && finite(first) && finite(second);
}

/** FedAdagrad: v ← v + g·g. */
export function stepAdagrad(
  count: i32,
  sums: usize,
  model: usize,
  m: usize,
  v: usize,
  sumWeight: f64,
  eta: f64,
  tau: f64,
  beta1: f64,
  c1: f64,
): i32 {
  let ok = true;
  for (let i = 0; i < count; i++) {
    const g = gradient(sums, sumWeight);
    const first = firstMoment(m, g, beta1, c1);
    const q = g * g;
    ok = adaptive(model, v, first, load<f64>(v) + q, eta, tau) && ok;
    sums += 8;
    model += 4;
    m += 8;
    v += 8;
  }
  return ok ? 1 : 0;
}

/** FedAdam: v ← (β2·v) + (c2·(g·g)). */
export function stepAdam(
  count: i32,
  sums: usize,
  model: usize,
  m: usize,
  v: usize,
  sumWeight: f64,
  eta: f64,
  tau: f64,
  beta1: f64,
  c1: f64,
  beta2: f64,
  c2: f64,
): i32 {
  let ok = true;
  for (let i = 0; i < count; i++) {
    const g = gradient(sums, sumWeight);
    const first = firstMoment(m, g, beta1, c1);
    const q = g * g;
    ok = adaptive(model, v, first, beta2 * load<f64>(v) + c2 * q, eta, tau) && ok;
    sums += 8;
    model += 4;
    m += 8;
    v += 8;
  }
  return ok ? 1 : 0;
}

/** FedYogi: t = c2·(g·g); v ← v − t if v > g·g, v + t if v < g·g, else v. */
export function stepYogi(
  count: i32,
  sums: usize,
  model: usize,
  m: usize,
  v: usize,
  sumWeight: f64,
  eta: f64,
  tau: f64,
  beta1: f64,
  c1: f64,
  c2: f64,
): i32 {
  let ok = true;
  for (let i = 0; i < count; i++) {
    const g = gradient(sums, sumWeight);
    const first = firstMoment(m, g, beta1, c1);
    const q = g * g;
    const t = c2 * q;
    const before = load<f64>(v);
    const second = before > q ? before - t : before < q ? before + t : before;
    ok = adaptive(model, v, first, second, eta, tau) && ok;
    sums += 8;
    model += 4;
    m += 8;
    v += 8;
  }
  return ok ? 1 : 0;
}

/** SCAFFOLD's control: c ← c + (g·share). */
export function stepControl(count: i32, sums: usize, c: usize, sumWeight: f64, share: f64): i32 {
  let ok = true;
  for (let i = 0; i < count; i++) {
    const next = load<f64>(c) + gradient(sums, sumWeight) * share;
    store<f64>(c, next);
    ok = finite(next) && ok;
    sums += 8;
    c += 8;
  }
  return ok ? 1 : 0;
}
