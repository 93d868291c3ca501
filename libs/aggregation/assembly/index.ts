// The kernels of the aggregation room: `fold` sums updates, `inspect` measures them, `sparse` lays sparse ones out and
// `step` takes the server's step. Pointers are byte offsets into the imported memory; nothing here allocates.
export { accumulate16, accumulate32, accumulate8 } from './fold';
export { inspect16, inspect32, inspect8 } from './inspect';
export { countBits, expand16, expand32, expand8 } from './sparse';
export { sqrt, stepAdagrad, stepAdam, stepAvg, stepAvgM, stepYogi } from './step';
