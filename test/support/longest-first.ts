/** A long file that begins last keeps one core waiting for the other: the longest begin first. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds, on two cores; about is enough. Files that are not named take less than ten. */
const LONG: Readonly<Record<string, number>> = {
  'stories/the-worker-is-killed-mid-call': 50,
};

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((one, other) => secondsOf(other) - secondsOf(one));
  }
}

function secondsOf({ moduleId }: TestSpecification): number {
  const [, name = ''] = /\/test\/(.*)\.test\.ts$/.exec(moduleId) ?? [];
  return LONG[name] ?? (name.startsWith('stories/') ? 5 : 0);
}
