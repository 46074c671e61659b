/** What can be set about a simulator, and what holds when it is not. README.md lists the same. */

import { readFate } from './fates.js';
import { durationMs } from './timeline.js';

/** `simulated` runs `speed` times faster than `real`. */
export type TimeSource = 'simulated' | 'real';

export interface SimulatorOptions {
  host?: string | undefined;
  /** 0 takes any free port. */
  port?: number | undefined;
  componentAppid?: string | undefined;
  componentAppsecret?: string | undefined;
  messageToken?: string | undefined;
  /** 43 characters. */
  encodingAesKey?: string | undefined;
  /** Where pushes go; may be set later. */
  pushUrl?: string | undefined;
  /** Simulated seconds in a real second. */
  speed?: number | undefined;
  seed?: number | undefined;
  /** Fate words and their weights, for rows without a magic value. */
  mix?: Readonly<Record<string, number>> | undefined;
  /** Calls a Beijing day and path, create and search (or query) together. */
  dailyCalls?: number | undefined;
  callsPerMinute?: number | undefined;
  /** How long after midnight in Beijing WeChat's day begins, for the quota and the tries of a Weixin ID. */
  dayBegins?: string | number | undefined;
  /** Simulated: until a search can see a new task. */
  taskVisibleAfter?: string | number | undefined;
  /** Simulated: how long a legal person takes. */
  legalPersonDelay?: string | number | undefined;
  /** Simulated: how long the consistency check takes. */
  checkDelay?: string | number | undefined;
  /** The clock that CreateTime and the timestamp in a push's query are read from. */
  createTimeFrom?: TimeSource | undefined;
  /** The clock of the quota day, the minute and a Weixin ID's five tries. */
  budgetsFrom?: TimeSource | undefined;
  /** The clock by which tickets, tokens and auth_codes live. */
  credentialsFrom?: TimeSource | undefined;
  /** Real milliseconds of a slow answer. */
  slowAnswerMs?: number | undefined;
  /** Fate words about the answer (`cut`, `h502after`, `slow`) and the probability of each, for any registration call. */
  wireFaults?: Readonly<Record<string, number>> | undefined;
  /** Probabilities for the pushes about a task. */
  pushFaults?: Partial<PushFaults> | undefined;
  /** How many times an unanswered push is tried again; 0 turns it off. */
  pushRetries?: number | undefined;
  /** Real milliseconds between two tries. */
  pushRetryPauseMs?: number | undefined;
  /** Real milliseconds that WeChat waits for `success`. */
  pushTimeoutMs?: number | undefined;
  /** fastregisterweapp is offline: every create answers -1. */
  retired?: boolean | undefined;
  /** Milliseconds since 1970. */
  clock?: (() => number) | undefined;
  /** One line per fact, without names, codes or secrets. */
  log?: ((line: string) => void) | undefined;
}

export interface PushFaults {
  readonly lose: number;
  readonly repeat: number;
  readonly delay: number;
  readonly reorder: number;
}

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly componentAppid: string;
  readonly componentAppsecret: string;
  readonly messageToken: string;
  readonly encodingAesKey: string;
  readonly speed: number;
  readonly seed: number;
  readonly mix: Readonly<Record<string, number>>;
  readonly dailyCalls: number;
  readonly callsPerMinute: number;
  readonly dayBeginsMs: number;
  readonly taskVisibleAfterMs: number;
  readonly legalPersonDelayMs: number;
  readonly checkDelayMs: number;
  readonly createTimeFrom: TimeSource;
  readonly budgetsFrom: TimeSource;
  readonly credentialsFrom: TimeSource;
  readonly slowAnswerMs: number;
  readonly wireFaults: Readonly<Record<string, number>>;
  readonly pushFaults: PushFaults;
  readonly pushRetries: number;
  readonly pushRetryPauseMs: number;
  readonly pushTimeoutMs: number;
  readonly retired: boolean;
  readonly clock: () => number;
  readonly log: (line: string) => void;
}

/** Invented, and good for a rehearsal: a platform that does not exist. */
export const REHEARSAL_CREDENTIALS = {
  componentAppid: 'wx0123456789abcdef',
  componentAppsecret: '0123456789abcdef0123456789abcdef',
  messageToken: 'rehearsal',
  encodingAesKey: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFE',
} as const;

const AES_KEY_LENGTH = 43;

export function settingsFrom(options: SimulatorOptions): Settings {
  const settings: Settings = {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    componentAppid: options.componentAppid ?? REHEARSAL_CREDENTIALS.componentAppid,
    componentAppsecret: options.componentAppsecret ?? REHEARSAL_CREDENTIALS.componentAppsecret,
    messageToken: options.messageToken ?? REHEARSAL_CREDENTIALS.messageToken,
    encodingAesKey: options.encodingAesKey ?? REHEARSAL_CREDENTIALS.encodingAesKey,
    speed: options.speed ?? 1,
    seed: options.seed ?? 1,
    mix: options.mix ?? {},
    dailyCalls: options.dailyCalls ?? Number.POSITIVE_INFINITY,
    callsPerMinute: options.callsPerMinute ?? Number.POSITIVE_INFINITY,
    dayBeginsMs: durationMs(options.dayBegins ?? 0),
    taskVisibleAfterMs: durationMs(options.taskVisibleAfter ?? '10s'),
    legalPersonDelayMs: durationMs(options.legalPersonDelay ?? '5m'),
    checkDelayMs: durationMs(options.checkDelay ?? '30s'),
    createTimeFrom: options.createTimeFrom ?? 'real',
    budgetsFrom: options.budgetsFrom ?? 'real',
    credentialsFrom: options.credentialsFrom ?? 'simulated',
    slowAnswerMs: options.slowAnswerMs ?? 2_000,
    wireFaults: options.wireFaults ?? {},
    pushFaults: { lose: 0, repeat: 0, delay: 0, reorder: 0, ...options.pushFaults },
    pushRetries: options.pushRetries ?? 3,
    pushRetryPauseMs: options.pushRetryPauseMs ?? 1_000,
    pushTimeoutMs: options.pushTimeoutMs ?? 5_000,
    retired: options.retired ?? false,
    clock: options.clock ?? Date.now,
    log: options.log ?? (() => {}),
  };
  refuseFaultySettings(settings);
  return settings;
}

function refuseFaultySettings(settings: Settings): void {
  if (!/^[A-Za-z0-9+/]+$/.test(settings.encodingAesKey) || settings.encodingAesKey.length !== AES_KEY_LENGTH) {
    throw new Error('The simulator\'s encodingAesKey must have 43 characters out of A-Z, a-z, 0-9, "+" and "/".');
  }
  if (!(settings.speed > 0)) {
    throw new Error(`The simulator's speed is ${settings.speed}; it must be more than 0.`);
  }
  for (const words of [...Object.keys(settings.mix), ...Object.keys(settings.wireFaults)]) {
    if (!readFate(words)) throw new Error(`The simulator knows no fate "${words}"; its README lists them.`);
  }
  for (const words of Object.keys(settings.wireFaults)) {
    if (!readFate(words)?.answering) {
      throw new Error(`The fate "${words}" says nothing about an answer, so it cannot be a wire fault.`);
    }
  }
}
