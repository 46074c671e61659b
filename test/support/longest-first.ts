/** A long file that begins last keeps one core waiting for the other: the longest begin first. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds, on two cores; about is enough. Files that are not named take less than ten. */
const LONG: Readonly<Record<string, number>> = {
  'stories/the-worker-is-killed-mid-call': 50,
  'stories/the-worker-dies-at-every-step-in-turn': 30,
  'stories/redis-is-away-when-the-receiver-starts': 25,
  'stories/the-answer-is-lost': 25,
  'redis/model': 20,
  'stories/a-proxy-answers-in-place-of-wechat': 20,
  'stories/a-link-instead-of-a-message': 20,
  'stories/wechat-cannot-be-reached-for-an-hour': 20,
  'stories/interrupted-with-ctrl-c-and-started-again': 20,
  'stories/redis-is-killed-and-comes-back': 20,
  'stories/a-quota-that-was-used-up-is-lifted': 20,
  'stories/the-worker-is-killed-in-the-probe': 16,
  'stories/an-hour-of-89247-for-everybody': 16,
  'doors/demo-console': 23,
  'redis/private-server': 25,
  'stages/forward': 15,
  'stories/wechat-answers-5xx-after-it-accepted': 12,
  'doors/nights': 12,
  'redis/confirmation': 13,
  'redis/tls': 12,
  'stages/robots': 11,
  'stages/receiver': 10,
  'stages/sheet-limits': 10,
  'doors/cli': 10,
  'doors/setup': 10,
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
