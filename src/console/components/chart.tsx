import type { View } from '../visit.js';

export interface ChartPoint {
  /** Under the column. */
  readonly label: string;
  /** Undefined: not yet. */
  readonly value: number | undefined;
  /** What the column says when it is pointed at; without it the value. */
  readonly title?: string;
}

interface Props {
  readonly view: View;
  /** What is counted, for a screen reader. */
  readonly label: string;
  readonly points: readonly ChartPoint[];
  /** A line across, such as the quota. */
  readonly limit?: number;
}

const [HEIGHT, HEAD, FOOT] = [180, 34, 20];

/**
 * Columns, with the greatest value at the axis; readable in black and white. Widths are shares of the whole, and heights pixels, so
 * that letters have the size of other letters on a phone, too.
 */
export function Chart({ view, label, points, limit }: Props) {
  const top = Math.max(1, limit ?? 0, ...points.map(({ value = 0 }) => value));
  const share = (columns: number): string => `${((columns / Math.max(points.length, 1)) * 100).toFixed(2)}%`;
  const height = (value: number): number => (value / top) * (HEIGHT - FOOT - HEAD);
  const [foot, every] = [HEIGHT - FOOT, Math.ceil(points.length / 12)];
  const last = points.findLastIndex(({ value = 0 }) => value > 0);
  return (
    <svg class="chart" height={HEIGHT} role="img" aria-label={label}>
      <title>{label}</title>
      <text class="axis" x="0" y={HEAD - 6}>
        {view.number(top)}
      </text>
      <line class="axis-line" x1="0" x2="100%" y1={foot} y2={foot} />
      {limit !== undefined && (
        <line class="limit" x1="0" x2="100%" y1={foot - height(limit)} y2={foot - height(limit)} />
      )}
      {points.map(({ label: under, value = 0, title }, at) => (
        <g>
          <title>{title ?? `${under}: ${view.number(value)}`}</title>
          <rect
            class="column"
            x={share(at + 0.05)}
            y={(foot - height(value)).toFixed(1)}
            width={share(0.9)}
            height={height(value).toFixed(1)}
          />
          {at === last && (
            <text class="axis value" x={share(at + 0.5)} y={(foot - height(value) - 5).toFixed(1)} text-anchor="middle">
              {view.number(value)}
            </text>
          )}
          {at % every === 0 && (
            <text class="axis" x={share(at + 0.5)} y={HEIGHT - 4} text-anchor="middle">
              {under}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
}
