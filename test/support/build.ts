/** Builds before the tests: threads and processes that tests start run the built program. */
import { bundle } from './bundle.js';
import { folderInMemory } from './in-memory.js';
import { build } from './program.js';

export default async function setUp(): Promise<void> {
  build();
  await bundle();
  // Workers begin after this, with this environment.
  const folder = folderInMemory();
  if (folder !== undefined) process.env.TMPDIR ??= folder;
}
