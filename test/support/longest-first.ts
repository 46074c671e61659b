/**
 * In which order the test files begin. Stories wait for most of their time, other files compute: as many begin at a time of each as keep
 * both cores busy until the end. Of each the longest begin first: a long file that begins last keeps one core waiting for the other.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** How many of the workers (vitest.config.ts) are for files that wait, and for others. */
const WAITING = 9;
const COMPUTING = 3;

/** Seconds, on two cores; about is enough. What takes ten or more waits for most of them. */
const SECONDS: Readonly<Record<string, number>> = {
  'stories/the-worker-is-killed-mid-call': 50,
  'stories/the-worker-dies-at-every-step-in-turn': 30,
  'stories/redis-is-away-when-the-receiver-starts': 25,
  'stories/the-answer-is-lost': 25,
  'stories/a-proxy-answers-in-place-of-wechat': 20,
  'stories/a-link-instead-of-a-message': 20,
  'stories/wechat-cannot-be-reached-for-an-hour': 20,
  'stories/interrupted-with-ctrl-c-and-started-again': 20,
  'stories/redis-is-killed-and-comes-back': 20,
  'stories/a-quota-that-was-used-up-is-lifted': 20,
  'stories/the-worker-is-killed-in-the-probe': 16,
  'stories/an-hour-of-89247-for-everybody': 16,
  'stories/redis-forgets': 30,
  'stories/a-corrected-report-is-uploaded-again': 12,
  'stories/nobody-sends': 11,
  'stories/redis-takes-no-writes': 10,
  'stories/no-replica-answers': 10,
  'stories/the-result-never-comes': 10,
  'redis/model': 4,
  'stages/sheet-limits': 4,
  'stages/sheet': 4,
  'stages/hostile-sheets': 4,
  'doors/hostile-sheets': 4,
  'stages/reading-thread': 6,
  'doors/demo-console': 23,
  'redis/private-server': 25,
  'stages/forward': 15,
  'stories/wechat-answers-5xx-after-it-accepted': 12,
  'doors/nights': 12,
  'redis/confirmation': 13,
  'redis/tls': 12,
  'stages/robots': 11,
  'stages/receiver': 10,
  'doors/cli': 10,
  'doors/setup': 10,
};

const OF_A_STORY = 5;
const OF_ANOTHER = 0.6;

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const longestFirst = files.toSorted((one, other) => secondsOf(other) - secondsOf(one));
    return [
      ...begun(longestFirst.filter(isWaiting), WAITING),
      ...begun(
        longestFirst.filter((file) => !isWaiting(file)),
        COMPUTING,
      ),
    ]
      .toSorted((one, other) => one.at - other.at)
      .map(({ file }) => file);
  }
}

/** When each begins where so many run at a time. */
function begun(files: readonly TestSpecification[], workers: number): { file: TestSpecification; at: number }[] {
  const freeAt: number[] = Array(workers).fill(0);
  return files.map((file) => {
    const at = Math.min(...freeAt);
    freeAt[freeAt.indexOf(at)] = at + secondsOf(file);
    return { file, at };
  });
}

function isWaiting(file: TestSpecification): boolean {
  return nameOf(file).startsWith('stories/') || secondsOf(file) >= 10;
}

function secondsOf(file: TestSpecification): number {
  const name = nameOf(file);
  return SECONDS[name] ?? (name.startsWith('stories/') ? OF_A_STORY : OF_ANOTHER);
}

function nameOf({ moduleId }: TestSpecification): string {
  const [, name = ''] = /\/test\/(.*)\.test\.ts$/.exec(moduleId) ?? [];
  return name;
}
