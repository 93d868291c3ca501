// The kernels of encode/: a change becomes x (`change`), the largest are found (`select`), and rounded (`quantise`).
export { change } from './change';
export { quantise32, quantiseByChance } from './quantise';
export { countDigits, pick } from './select';
