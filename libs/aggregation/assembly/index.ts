// The kernels of the aggregation room: `fold` sums updates, `step` takes the server's step.
// Pointers are byte offsets into the imported memory; nothing here allocates.
export { accumulate, maxAbs } from './fold';
export { sqrt, stepAdagrad, stepAdam, stepAvg, stepAvgM, stepControl, stepYogi } from './step';
