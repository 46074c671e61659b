/** A whole journey in one process: the simulator, an empty Redis, a worker and the receiver. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { REHEARSAL_CREDENTIALS } from '../../simulator/options.js';
import {
  type MerchantState,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../simulator/simulator.js';
import { reportOptionsOf } from '../../src/app/report-options.js';
import { startListening } from '../../src/app/wiring/listening.js';
import type { Part } from '../../src/app/wiring/part.js';
import { startSending } from '../../src/app/wiring/sending.js';
import { openStore, type Store } from '../../src/app/wiring/store.js';
import { readSettings } from '../../src/config.js';
import type { Merchant } from '../../src/domain/merchant.js';
import { isOver, type Registration } from '../../src/domain/registration.js';
import type { HistoryEntry } from '../../src/domain/snapshot.js';
import { type ReportRow, reportRows } from '../../src/reporter/report.js';
import type { JobLocks } from '../../src/worker/worker.js';
import { removeRedisFolder } from './folder.js';
import { type Book, openBook } from './ledger.js';
import { readableLog } from './log.js';
import { socketOfThisWorker } from './redis.js';
import { until } from './until.js';

/** A day of the legal person in a second. */
export const SPEED = 86_400;

/** Our own waits, shortened to match; long enough that a busy machine does not trip over them. */
export const SHORT_WAITS = {
  FASTREGISTER_REQUEST_TIMEOUT: '2s',
  FASTREGISTER_RETRY_FIRST: '100ms',
  // With more tries a Weixin ID's day would be over, and none passes here.
  FASTREGISTER_RETRY_LIMIT: '3',
  FASTREGISTER_PROBE_FIRST: '100ms',
  FASTREGISTER_PROBE_MAX: '1s',
  FASTREGISTER_BUSY_WAIT: '500ms',
  FASTREGISTER_PUSH_WAIT: '4s',
  FASTREGISTER_PUSH_RECHECK: '1s',
  FASTREGISTER_GIVE_UP: '6s',
  FASTREGISTER_CALLS_PER_SECOND: '100',
  FASTREGISTER_CALLS_PER_MINUTE: '6000',
};

/** A story that makes sense for both runs for both: `describe.each(APIS)`. */
export const APIS = ['fastregisterweapp', 'fastregisterenterpriseweapp'] as const;
export type Api = (typeof APIS)[number];

const PATHS: Readonly<Record<Api, string>> = {
  fastregisterweapp: '/cgi-bin/component/fastregisterweapp',
  fastregisterenterpriseweapp: '/wxa/component/fastregisterenterpriseweapp',
};
const SECRET_KEY = randomBytes(32).toString('base64');
export const EVENTS_PATH = '/wechat/events';

export interface Rehearsal {
  readonly simulator: Simulator;
  readonly store: Store;
  readonly book: Book;
  readonly home: string;
  /** For a command that is typed beside it. */
  readonly env: Readonly<Record<string, string>>;
  /** What was logged, one JSON text a line. */
  readonly lines: readonly string[];
  /** The receiver listens, and a worker sends. */
  start(): Promise<void>;
  startSending(): Promise<Part>;
  startListening(): Promise<void>;
  /** Resolves when every row has its outcome. */
  settled(batch: string): Promise<void>;
  /** The registration of a merchant, by the API in use. */
  idOf(merchant: Merchant): string;
  registration(merchant: Merchant): Promise<Registration>;
  history(merchant: Merchant): Promise<HistoryEntry[]>;
  kinds(merchant: Merchant): Promise<string[]>;
  /** What the simulator saw of a merchant. */
  seen(merchant: Merchant): MerchantState;
  /** Calls of one kind by what they were answered. */
  calls(action: 'create' | 'search' | 'query'): Readonly<Record<string, number>>;
}

export function rehearsalEnvironment(home: string, url: string): Record<string, string> {
  return {
    ...SHORT_WAITS,
    FASTREGISTER_HOME: home,
    FASTREGISTER_EVENTS_PORT: '0',
    FASTREGISTER_COMPONENT_PHONE: '05920000000',
    WECHAT_API_BASE_URL: url,
    WECHAT_COMPONENT_APPID: REHEARSAL_CREDENTIALS.componentAppid,
    WECHAT_COMPONENT_APPSECRET: REHEARSAL_CREDENTIALS.componentAppsecret,
    WECHAT_MESSAGE_TOKEN: REHEARSAL_CREDENTIALS.messageToken,
    WECHAT_ENCODING_AES_KEY: REHEARSAL_CREDENTIALS.encodingAesKey,
  };
}

export function newHome(): string {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'fr-')));
  onTestFinished(() => {
    for (const server of serversUnder(home)) process.kill(server, 'SIGKILL');
    removeRedisFolder(home);
  });
  return home;
}

/** A private Redis that a failed test has left behind would outlive its folder. */
function serversUnder(home: string): number[] {
  return ['redis/redis.pid', 'data/redis/redis.pid'].flatMap((file) => {
    try {
      const pid = Number(readFileSync(join(home, file), 'utf8'));
      return readFileSync(`/proc/${pid}/comm`, 'utf8').includes('redis') ? [pid] : [];
    } catch {
      return [];
    }
  });
}

/** The Redis of this worker, emptied, for the environment of commands and processes. */
export async function emptyRedis(): Promise<Record<string, string>> {
  const path = await socketOfThisWorker();
  const redis = new Redis({ path });
  await redis.flushall();
  redis.disconnect();
  return { REDIS_URL: `unix:${path}`, FASTREGISTER_SECRET_KEY: SECRET_KEY, FASTREGISTER_REDIS_PERSISTENCE: 'none' };
}

export async function newSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({
    speed: SPEED,
    credentialsFrom: 'real',
    slowAnswerMs: 1_000,
    pushRetryPauseMs: 100,
    ...options,
  });
  onTestFinished(() => simulator.close());
  return simulator;
}

export interface RehearsalOptions {
  readonly api?: Api;
  readonly simulator?: SimulatorOptions;
  readonly settings?: Record<string, string>;
  /** A server of its own, under its home, as without REDIS_URL. Otherwise it is that of all tests of this worker. */
  readonly privateRedis?: boolean;
  /** Of its workers; without, the real ones of half a minute. */
  readonly locks?: JobLocks;
}

export async function rehearse(options: RehearsalOptions = {}): Promise<Rehearsal> {
  const home = newHome();
  const redis = options.privateRedis ? {} : await emptyRedis();
  const simulator = await newSimulator(options.simulator);
  const { api = 'fastregisterweapp' } = options;
  const place = { ...rehearsalEnvironment(home, simulator.url), ...redis };
  const settings = readSettings({ env: { ...place, WECHAT_REGISTRATION_API: api, ...options.settings } });
  const { log, lines } = readableLog('debug');
  const store = await openStore(settings, log, 'background');
  const parts: Part[] = [];
  onTestFinished(async () => {
    await Promise.all(parts.map((part) => part.close()));
    await store.close();
  });
  const book = openBook(store.redis, store.identify);
  const idOf = (merchant: Merchant): string => store.identify(merchant.code);

  async function send(): Promise<Part> {
    const part = await startSending(store, 'steady', options.locks);
    parts.push(part);
    return part;
  }

  async function listen(): Promise<void> {
    const part = await startListening(store);
    parts.push(part);
    simulator.setPushUrl(`http://127.0.0.1:${part.port}${EVENTS_PATH}`);
  }

  async function settled(batch: string): Promise<void> {
    await until(`every row of ${batch} has its outcome`, async () =>
      (await book.rows(batch)).every(({ registration }) => registration === undefined || isOver(registration.state)),
    );
  }

  const history = (merchant: Merchant) => book.ledger.history(idOf(merchant));

  return {
    simulator,
    store,
    book,
    home,
    env: place,
    lines,
    async start() {
      await listen();
      await send();
    },
    startSending: send,
    startListening: listen,
    settled,
    idOf,
    registration: (merchant) => book.registration(idOf(merchant)),
    history,
    kinds: async (merchant) => (await history(merchant)).map(({ kind }) => kind),
    seen(merchant) {
      const state = simulator.state().merchants[merchant.code];
      if (state === undefined) throw new Error('the simulator never heard of this merchant');
      return state;
    },
    calls: (action) => simulator.state().calls[PATHS[api]]?.[action] ?? {},
  };
}

/** The report of a batch, as `report` writes it now. */
export async function reportOf({ store }: Pick<Rehearsal, 'store'>, id: string): Promise<ReportRow[]> {
  const batch = await store.batches.find(id);
  if (batch === undefined) throw new Error(`there is no batch ${id}`);
  const rows: ReportRow[] = [];
  for await (const page of reportRows(store.batches, batch, await reportOptionsOf(store, 'en'))) rows.push(...page);
  return rows;
}

/** No merchant was asked twice: neither by a second task, nor by a create that was answered 89249. */
export function merchantsAskedTwice(simulator: Simulator): string[] {
  const merchants = Object.entries(simulator.state().merchants);
  return merchants
    .filter(([, { creates }]) => creates > 1)
    .map(([code, { answers }]) => `${code} ${JSON.stringify(answers)}`);
}
