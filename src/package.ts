import { existsSync, readFileSync } from 'node:fs';

/** package.json is one folder above src, and two above dist/src. */
const FOLDER = ['../', '../../']
  .map((up) => new URL(up, import.meta.url))
  .find((folder) => existsSync(new URL('package.json', folder)));

/** A file that the package contains. */
export function packageFile(path: string): URL {
  return new URL(path, FOLDER);
}

/** Of this program, as package.json has it. */
export const { version: VERSION } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as {
  version: string;
};
