/** What commands print for programs: every key in snake_case, whatever it is called inside. */

/** A name of ours in camelCase; `deferred/busy`, a setting or words are keys, too, and stay what they are. */
const CAMEL_CASE = /^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$/;

/** JSON text of a value; keys that are names of ours get snake_case, at every depth. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, withSnakeCase, indent);
}

function withSnakeCase(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, its]) => [snakeCase(key), its]));
}

function snakeCase(key: string): string {
  return CAMEL_CASE.test(key) ? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key;
}
