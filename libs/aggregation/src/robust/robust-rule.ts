/** What replaces the weighted mean (protocol.md §1.8). `tolerance` is f, the liars that it withstands. */
export type RobustRule =
  | {
      readonly kind: 'median' | 'trimmedMean' | 'krum' | 'multiKrum' | 'geometricMedian' | 'bulyan';
      readonly tolerance: number;
    }
  | {
      readonly kind: 'centredClipping';
      readonly tolerance: number;
      /** τ, in units of 2⁻³². */
      readonly radius: number;
    };
