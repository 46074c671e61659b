/** Style, scripts and icon, read once; their addresses have a digest of what is in them, so browsers keep them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const own = (name: string): string => fileURLToPath(new URL(`./static/${name}`, import.meta.url));

const FILES = {
  'console.css': { path: own('console.css'), type: 'text/css; charset=utf-8' },
  'queues.css': { path: own('queues.css'), type: 'text/css; charset=utf-8' },
  'console.js': { path: own('console.js'), type: 'text/javascript; charset=utf-8' },
  'upload.js': { path: own('upload.js'), type: 'text/javascript; charset=utf-8' },
  'icon.svg': { path: own('icon.svg'), type: 'image/svg+xml' },
  'htmx.js': {
    path: createRequire(import.meta.url).resolve('htmx.org/dist/htmx.min.js'),
    type: 'text/javascript; charset=utf-8',
  },
} as const;

export type StaticName = keyof typeof FILES;

interface StaticFile {
  readonly body: Buffer<ArrayBuffer>;
  readonly type: string;
  readonly digest: string;
}

const loaded = new Map<StaticName, StaticFile>();

export function staticFile(name: string): StaticFile | undefined {
  if (!Object.hasOwn(FILES, name)) return undefined;
  const known = loaded.get(name as StaticName);
  if (known !== undefined) return known;
  const { path, type } = FILES[name as StaticName];
  const body = Buffer.from(readFileSync(path));
  const file = { body, type, digest: createHash('sha256').update(body).digest('hex').slice(0, 12) };
  loaded.set(name as StaticName, file);
  return file;
}

export function staticAddress(name: StaticName): string {
  return `/static/${name}?${staticFile(name)?.digest}`;
}
