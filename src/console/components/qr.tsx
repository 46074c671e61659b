import { qrShape } from '../../reporter/qr.js';

/** A text as a code that a phone reads: black on white in the dark, too, and on paper. */
export function Qr({ text, label }: { text: string; label: string }) {
  const shape = qrShape(text);
  if (shape === undefined) return null;
  const { side, path } = shape;
  return (
    <svg class="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <title>{label}</title>
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
