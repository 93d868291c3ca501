import { allocate, kernelsOver } from '../kernels/kernels.js';

const kernels = kernelsOver(allocate(0));

/** Correctly rounded square root of a squared distance: `f64.sqrt` of WebAssembly, as in the server step. */
export function lengthOf(squared: number): number {
  return kernels.sqrt(squared);
}

/** C ÷ r for an update of squared length `squared` that is longer than `limit`; 1 for any other. */
export function clipScale(limit: number, squared: number): number {
  const length = lengthOf(squared);
  return length > limit ? limit / length : 1;
}

/** Squared distances of all pairs, n² float64, from products with `products[i·n + j]` for i ≤ j. */
export function distancesOf(products: Float64Array, n: number): Float64Array {
  const distances = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const twice = 2 * products[i * n + j];
      const distance = products[i * n + i] + products[j * n + j] - twice;
      distances[i * n + j] = distances[j * n + i] = distance > 0 ? distance : 0;
    }
  }
  return distances;
}
