import type { ReactNode } from 'react';

const WIDTH = 72;
const HEIGHT = 20;

/** The way that numbers went, without a scale; the numbers themselves stand beside it. */
export function Sparkline({ values }: { readonly values: readonly number[] }): ReactNode {
  if (values.length < 2) return null;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (i: number): number => 1 + (i * (WIDTH - 2)) / (values.length - 1);
  const y = (value: number): number =>
    high === low ? HEIGHT / 2 : 1 + ((high - value) * (HEIGHT - 2)) / (high - low);
  const points = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return (
    <svg className="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <polyline points={points} />
    </svg>
  );
}
