/** A sentence of ours, with the `commands` in it in the letters of code. Never for a merchant's text, which may have such marks itself. */
export function Prose({ text }: { text: string }) {
  const parts = text.split('`');
  // A mark without its other half is a mark.
  if (parts.length % 2 === 0) return <>{text}</>;
  return <>{parts.map((part, at) => (at % 2 === 1 ? <code>{part}</code> : part))}</>;
}
