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

const [WIDTH, HEIGHT, FOOT, LEFT] = [640, 140, 18, 44];

/** Columns, with the greatest value at the axis; readable in black and white. */
export function Chart({ view, label, points, limit }: Props) {
  const top = Math.max(1, limit ?? 0, ...points.map(({ value = 0 }) => value));
  const step = (WIDTH - LEFT) / Math.max(points.length, 1);
  const height = (value: number): number => (value / top) * (HEIGHT - FOOT - 8);
  const every = Math.ceil(points.length / 12);
  return (
    <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <title>{label}</title>
      <text class="axis" x={LEFT - 6} y="14" text-anchor="end">
        {view.number(top)}
      </text>
      <line class="axis-line" x1={LEFT} x2={WIDTH} y1={HEIGHT - FOOT} y2={HEIGHT - FOOT} />
      {limit !== undefined && (
        <line
          class="limit"
          x1={LEFT}
          x2={WIDTH}
          y1={HEIGHT - FOOT - height(limit)}
          y2={HEIGHT - FOOT - height(limit)}
        />
      )}
      {points.map(({ label: under, value = 0, title }, at) => (
        <g>
          <title>{title ?? `${under}: ${view.number(value)}`}</title>
          <rect
            class="column"
            x={(LEFT + at * step + 1).toFixed(1)}
            y={(HEIGHT - FOOT - height(value)).toFixed(1)}
            width={Math.max(step - 2, 1).toFixed(1)}
            height={height(value).toFixed(1)}
          />
          {at % every === 0 && (
            <text class="axis" x={(LEFT + (at + 0.5) * step).toFixed(1)} y={HEIGHT - 4} text-anchor="middle">
              {under}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
}
