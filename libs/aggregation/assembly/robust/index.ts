// The kernels of the robust rules (protocol.md §1.8), a module of their own: only who runs such a rule loads it.
// `values` turns q into values and works on one update, `gram` on pairs, `rank` across the updates at a position.
// Pointers are byte offsets into the imported memory; nothing here allocates.
export { gramTile } from './gram';
export { closest, rank32, rank64 } from './rank';
export { centre, clip, moveCentre, sumSquares, weigh, widen16, widen32, widen8 } from './values';
