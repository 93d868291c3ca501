// The kernels of the aggregation room: `fold` sums updates, `measure` measures them, `sparse` lays sparse ones out and
// `step` takes the server's step. Pointers are byte offsets into the imported memory; nothing here allocates.
export { accumulate16, accumulate32, accumulate8, accumulateClipped } from './fold';
export { largest16, largest32, largest8, squares } from './measure';
export { countBits, expand16, expand32, expand8 } from './sparse';
export { sqrt, stepAdagrad, stepAdam, stepAvg, stepAvgM, stepControl, stepYogi } from './step';
