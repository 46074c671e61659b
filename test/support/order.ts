/**
 * Most slots are for files that wait (for locks, probes, lost answers), a few for files that compute: with only the ones the cores are
 * idle, with only the others every slot waits for a core. Of each kind the longest begin first, or one core waits for the other at the end.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that run at a time. */
export const SLOTS = 12;
const SLOTS_THAT_COMPUTE = 2;

/** Seconds of files that mostly wait; about is enough. Stories that are not named here take five. */
const WAITING: Readonly<Record<string, number>> = {
  'stories/the-worker-is-killed-mid-call': 50,
  'stories/the-answer-is-lost': 30,
  'stories/redis-is-away-when-the-receiver-starts': 30,
  'stories/a-proxy-answers-in-place-of-wechat': 28,
  'redis/private-server': 28,
  'stories/a-link-instead-of-a-message': 25,
  'doors/demo-console': 22,
  'stories/the-worker-dies-at-every-step-in-turn': 20,
  'stories/wechat-cannot-be-reached-for-an-hour': 20,
  'stories/a-quota-that-was-used-up-is-lifted': 20,
  'stories/wechat-answers-5xx-after-it-accepted': 15,
  'stories/an-hour-of-89247-for-everybody': 15,
  'stages/receiver': 15,
  'stories/interrupted-with-ctrl-c-and-started-again': 40,
  'stages/forward': 13,
  'stories/the-worker-is-killed-in-the-probe': 13,
  'doors/nights': 12,
  'stories/a-corrected-report-is-uploaded-again': 11,
  'redis/confirmation': 11,
  'stories/redis-forgets': 10,
  'stories/nobody-sends': 10,
  'stages/robots': 8,
};

/** Seconds of files that mostly compute, on a machine that does other things beside. Those that are not named here take one. */
const COMPUTING: Readonly<Record<string, number>> = {
  'stages/sheet-limits': 14,
  'doors/cli': 12,
  'doors/setup': 9,
  'redis/model': 8,
  'redis/loss': 7,
  'stages/hostile-sheets': 6,
  'stages/sheet': 6,
  'stages/reading-thread': 6,
  'stages/recorder-troubles': 6,
  'house/no-personal-data-in-logs': 5,
  'doors/hostile-sheets': 4,
  'redis/connection': 4,
};

interface Begin {
  readonly file: TestSpecification;
  readonly at: number;
}

export default class WaitingBesideComputing extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const waiting = begins(files, secondsOfWaiting, SLOTS - SLOTS_THAT_COMPUTE);
    const computing = begins(files, secondsOfComputing, SLOTS_THAT_COMPUTE);
    return [...waiting, ...computing].toSorted((one, other) => one.at - other.at).map(({ file }) => file);
  }
}

/** When each file that takes some seconds begins in these slots, the longest first. */
function begins(
  files: readonly TestSpecification[],
  secondsOf: (name: string) => number | undefined,
  slots: number,
): Begin[] {
  const free = Array.from({ length: slots }, () => 0);
  const lengths = files.flatMap((file) => {
    const seconds = secondsOf(nameOf(file));
    return seconds === undefined ? [] : [{ file, seconds }];
  });
  return lengths
    .toSorted((one, other) => other.seconds - one.seconds)
    .map(({ file, seconds }) => {
      const at = Math.min(...free);
      free[free.indexOf(at)] = at + seconds;
      return { file, at };
    });
}

function secondsOfWaiting(name: string): number | undefined {
  return WAITING[name] ?? (name.startsWith('stories/') ? 5 : undefined);
}

function secondsOfComputing(name: string): number | undefined {
  return secondsOfWaiting(name) === undefined ? (COMPUTING[name] ?? 1) : undefined;
}

function nameOf({ moduleId }: TestSpecification): string {
  return /\/test\/(.*)\.test\.ts$/.exec(moduleId)?.[1] ?? '';
}
