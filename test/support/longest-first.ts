/**
 * A long file that begins last keeps one core waiting for the other: the longest begin first. Stories wait for most of their time, other
 * files compute: among the short ones, both last until the end, or the cores would have too little to do at first, and too much later.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds, on two cores; about is enough. Files that are not named take less than ten. */
const LONG: Readonly<Record<string, number>> = {
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

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const short = files.filter((file) => secondsOf(file) === undefined);
    const long = files.filter((file) => secondsOf(file) !== undefined);
    return [
      ...long.toSorted((one, other) => (secondsOf(other) ?? 0) - (secondsOf(one) ?? 0)),
      ...mixed(
        short.filter((file) => nameOf(file).startsWith('stories/')),
        short.filter((file) => !nameOf(file).startsWith('stories/')),
      ),
    ];
  }
}

/** Each list in its order, evenly over the whole. */
function mixed<Item>(...lists: readonly (readonly Item[])[]): Item[] {
  const placed = lists.flatMap((list) => list.map((item, at) => ({ item, place: (at + 0.5) / list.length })));
  return placed.toSorted((one, other) => one.place - other.place).map(({ item }) => item);
}

function secondsOf(file: TestSpecification): number | undefined {
  return LONG[nameOf(file)];
}

function nameOf({ moduleId }: TestSpecification): string {
  const [, name = ''] = /\/test\/(.*)\.test\.ts$/.exec(moduleId) ?? [];
  return name;
}
