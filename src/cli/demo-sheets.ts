import { fileURLToPath } from 'node:url';
import { packageFile } from '../package.js';

/** The sheet of `demo`, by the registration API that it rehearses. */
export const DEMO_SHEETS = {
  fastregisterweapp: sample('merchants.csv'),
  fastregisterenterpriseweapp: sample('merchants-links.csv'),
} as const;

export type DemoApi = keyof typeof DEMO_SHEETS;

function sample(name: string): string {
  return fileURLToPath(packageFile(`samples/${name}`));
}
