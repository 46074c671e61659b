/** Stops and resumes the line, and reads why it is stopped. */
import type { Redis } from 'ioredis';
import { isHalfOpen, type LineState, type LineStop, PAUSE } from '../domain/line.js';
import { PROBE_IN_ANY_CASE_EVERY } from '../domain/line-faults.js';
import { key } from './keys.js';
import { script } from './scripts.js';

export type Resumption = 'running' | 'resumed' | 'probe';

/** Names a stop or a pause; `''`: the line runs. */
export type StopName = string;

export interface LineSwitch {
  line(): Promise<LineStop | undefined>;
  stopName(): Promise<StopName>;
  /** False: a fault had stopped the line already, and remains its reason. A pause is kept beside a fault. */
  stopLine(stop: Pick<LineStop, 'because' | 'problem' | 'at'>): Promise<boolean>;
  /** @param shown what the person saw; false: a pause for another reason came since */
  pauseLine(because: string, at: number, shown?: StopName): Promise<boolean>;
  /** Whether WeChat answered the question before a probe; `met` says what came instead. */
  answeredFirst(answered: boolean, met: string): Promise<void>;
  /**
   * Ends a pause and a fault. `running`: there was neither. `probe`: one call is sent first, and the line opens when WeChat answers it.
   * @param shown what the person saw; `changed`: another stop or pause came since, and nothing was done
   */
  resumeLine(): Promise<Resumption>;
  resumeLine(shown: StopName | undefined): Promise<Resumption | 'changed'>;
}

export function openLineSwitch(redis: Redis): LineSwitch {
  const stopScript = script(redis, 'stop');
  const resumeScript = script(redis, 'resume');
  const questionScript = script(redis, 'question');

  return {
    line: async () => stopFrom(await redis.hgetall(key('line'))),
    stopLine: async ({ because, problem, at }) => (await stopScript([key('line')], [because, problem, at])) === 1,
    stopName: async () => (await redis.hget(key('line'), 'stop')) ?? '',
    pauseLine: async (because, at, shown) =>
      (await stopScript([key('line')], [because, PAUSE, at, ...(shown === undefined ? [] : [shown])])) === 1,
    async answeredFirst(answered, met) {
      await questionScript([key('line')], [answered ? '1' : '0', met, PROBE_IN_ANY_CASE_EVERY]);
    },
    resumeLine: async (shown?: StopName) =>
      (await resumeScript([key('line')], shown === undefined ? [] : [shown])) as Resumption,
  };
}

function stopFrom(fields: Readonly<Record<string, string>>): LineStop | undefined {
  const { state, because = '', problem = '', at, paused, ...met } = fields;
  if (state === undefined) return undefined;
  return {
    because,
    problem,
    at: Number(at),
    halfOpen: isHalfOpen(state as LineState),
    ...(paused !== undefined && { paused }),
    ...(met.times !== undefined && { times: Number(met.times) }),
    ...(met.merchants !== undefined && { merchants: Number(met.merchants) }),
    ...(met.since !== undefined && { since: Number(met.since) }),
    ...(met.dueAt !== undefined && { probe: { at: Number(met.dueAt), failed: Number(met.failedProbes) } }),
  };
}
