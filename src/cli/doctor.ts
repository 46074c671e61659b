import type { Command } from 'commander';
import { openCaller } from '../app/wiring/caller.js';
import { limitsOf } from '../app/wiring/limits.js';
import { processSourcesOf } from '../app/wiring/process-sources.js';
import type { Store } from '../app/wiring/store.js';
import { type Need, readDotenv, readSettings, type Settings, SettingsError } from '../config.js';
import { isoWithOffset, quotaDay } from '../domain/calendar.js';
import { isWorthANotice } from '../domain/line.js';
import { formatDuration } from '../domain/patience.js';
import { type LiveProcess, liveOf, type Presence, type ProcessRole } from '../domain/presence.js';
import { LedgerMismatch, SCHEMA, SchemaMismatch } from '../redis/ledger/identity.js';
import { openNights } from '../redis/nights.js';
import { evictionPolicy, RedisMisconfigured, RedisUnreachable } from '../redis/server/connection.js';
import { durabilityOf } from '../redis/server/durability.js';
import { type MissingWorker, processesNow } from '../reporter/missing-worker.js';
import { sendingStatus } from '../reporter/sending-status.js';
import { troubleOf } from '../reporter/sentences.js';
import { ASK_AT_ONCE, shutDayFacts, shutDayLines } from '../reporter/shut-day.js';
import { INTERNAL_PROBLEMS } from '../reporter/troubles.js';
import { CHECK_PERMISSION_SETS, explain, ridHint } from '../wechat/answers.js';
import { readClock } from '../wechat/clock.js';
import { type Credential, TICKET_LIVES_MS } from '../wechat/credentials.js';
import { PERMISSION_SETS, type PermissionSet } from '../wechat/permission-sets.js';
import { readQuota } from '../wechat/quota.js';
import { command, EXIT, perform } from './command.js';
import { print, printJson, table } from './terminal.js';

export interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'fault';
  readonly says: string;
  /** What to do; absent where all is well. */
  readonly todo?: string;
}

export function doctorCommand(): Command {
  return command(
    'doctor',
    "Checks settings, Redis, WeChat's clock, ticket, token, registration API and quota. Sends nothing about any merchant.",
    'fastregister doctor',
  )
    .addHelpText(
      'after',
      '\nEnds with 0 when there is no fault, 2 for settings, 5 for Redis, and 4 for anything else that keeps it from sending.',
    )
    .option('--json', 'print as JSON')
    .action(async (options: { json?: true }, made: Command) => {
      const tell = async (findings: readonly Finding[]): Promise<void> =>
        options.json ? printJson(findings) : print(`${describe(findings)}\n`);
      const { settings, findings: ofSettings } = checkSettings(made);
      if (settings === undefined) {
        await tell(ofSettings);
        process.exitCode = EXIT.badUsage;
        return;
      }
      await perform(made, {}, async ({ open }) => {
        const { store, findings: ofRedis } = await checkRedis((claim) => open('interactive', undefined, claim));
        const findings = [
          ...ofSettings,
          ...ofRedis,
          ...(store === undefined ? [] : [...(await checkServer(store)), ...(await checkWechat(store))]),
        ];
        await tell(findings);
        return statusOf(findings);
      });
    });
}

function statusOf(findings: readonly Finding[]): number {
  const faults = findings.filter(({ verdict }) => verdict === 'fault').map(({ check }) => check);
  if (faults.length === 0) return EXIT.done;
  if (faults.includes('settings') || faults.includes('ledger')) return EXIT.badUsage;
  return faults.includes('Redis') || faults.includes('persistence') ? EXIT.redisUnreachable : EXIT.stopped;
}

function describe(findings: readonly Finding[]): string {
  const rows = findings.flatMap(({ check, verdict, says, todo }) => [
    [verdict, check, says],
    ...(todo === undefined ? [] : [['', '', `→ ${todo}`]]),
  ]);
  return table(rows);
}

const NEEDS: readonly Need[] = ['wechat', 'sending', 'push', 'encryption'];

/** Without settings that can be read there is nothing else to check; with some that are missing there is. */
function checkSettings(made: Command): { settings?: Settings; findings: Finding[] } {
  const read = (needs: readonly Need[]): Settings =>
    readSettings({ env: process.env, dotenv: readDotenv(process.cwd()), flags: made.opts(), needs });
  try {
    return {
      settings: read(NEEDS),
      findings: [{ check: 'settings', verdict: 'ok', says: 'complete and well-formed' }],
    };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const findings = error.faults.map(
      ({ name, problem, remedy }): Finding => ({
        check: 'settings',
        verdict: 'fault',
        says: `${name} ${problem}`,
        todo: remedy,
      }),
    );
    try {
      return { settings: read([]), findings };
    } catch {
      return { findings };
    }
  }
}

/** `open` is told whether to compare what the ledger belongs to; without that the rest is checked all the same. */
async function checkRedis(open: (claim: boolean) => Promise<Store>): Promise<{ store?: Store; findings: Finding[] }> {
  try {
    return await foundRedis(await open(true), {
      check: 'ledger',
      verdict: 'ok',
      says: `schema ${SCHEMA}, and of this platform, address of WeChat and secret key`,
    });
  } catch (error) {
    if (error instanceof LedgerMismatch) return foundRedis(await open(false), otherLedger(error));
    // What another version has written is not read.
    if (error instanceof SchemaMismatch) {
      const todo = 'Run the version that made the ledger, or name another one: FASTREGISTER_LEDGER.';
      return { findings: [{ check: 'ledger', verdict: 'fault', says: error.message, todo }] };
    }
    if (!(error instanceof RedisUnreachable || error instanceof RedisMisconfigured)) throw error;
    const todo = 'Correct REDIS_URL, or that Redis; without REDIS_URL a private one is started.';
    return { findings: [{ check: 'Redis', verdict: 'fault', says: error.message, todo }] };
  }
}

async function foundRedis(store: Store, ledger: Finding): Promise<{ store: Store; findings: Finding[] }> {
  const version = /redis_version:(\S+)/.exec(await store.redis.info('server'))?.[1] ?? 'of unknown version';
  const where = store.settings.redisUrl === undefined ? `private, under ${store.settings.home}` : 'your own';
  return { store, findings: [{ check: 'Redis', verdict: 'ok', says: `${version}, ${where}` }, ledger] };
}

function otherLedger({ differences }: LedgerMismatch): Finding {
  const says = differences.map(
    ({ says, ledger, here, setting }) => `${says.en}: it has ${ledger}, ${setting} gives ${here}`,
  );
  const settings = [...new Set(differences.map(({ setting }) => setting))].join(' and ');
  return {
    check: 'ledger',
    verdict: 'fault',
    says: `belongs to another platform or rehearsal; ${says.join('; ')}`,
    todo: `Set ${settings} to what the ledger has, or name another ledger (FASTREGISTER_LEDGER). If it was changed on purpose: \`fastregister ledger adopt\`, and for a secret key \`fastregister tokens reseal\`.`,
  };
}

async function checkServer(store: Store): Promise<Finding[]> {
  return [await checkPersistence(store), ...(await checkEviction(store)), ...(await checkProcesses(store))];
}

/** A finding only where nobody can know: a policy that evicts is refused before. */
async function checkEviction({ redis }: Store): Promise<Finding[]> {
  if ((await evictionPolicy(redis)) !== undefined) return [];
  return [
    {
      check: 'eviction',
      verdict: 'warning',
      says: 'this Redis does not tell its maxmemory-policy; any but noeviction deletes registrations when memory is short',
      todo: 'Make sure that it is noeviction.',
    },
  ];
}

/** Who works on this ledger, and who does not. */
async function checkProcesses({ settings, redis, workload }: Store): Promise<Finding[]> {
  const sources = processSourcesOf(settings, redis);
  const { presence, missing } = await processesNow(sources);
  const { awaiting_legal_person: asked = 0, submitting = 0 } = await workload.states();
  const schedules = await openNights(redis).schedules();
  return [
    workerFinding(presence, missing),
    roleFinding(presence, 'receiver', asked + submitting, {
      wants: 'registrations wait for a push, and WeChat may push a result only once',
      todo: 'Start `fastregister listen` or `fastregister serve`.',
    }),
    ...(schedules.length === 0
      ? []
      : [
          roleFinding(presence, 'scheduler', schedules.length, {
            wants: 'nightly runs are scheduled',
            todo: 'Start `fastregister serve`, or `fastregister serve --only nights`.',
          }),
        ]),
    ...versionFindings(presence),
  ];
}

function workerFinding(presence: Presence, missing: MissingWorker | undefined): Finding {
  const check = 'worker';
  if (missing !== undefined) return { check, verdict: 'fault', says: missing.reason.en, todo: missing.nextStep.en };
  const live = liveOf(presence, 'worker');
  if (live.length > 0) return { check, verdict: 'ok', says: placesOf(live) };
  const why =
    presence.waitingSince === undefined
      ? 'nothing waits that could be sent now'
      : 'what waits is sent by the next nightly run, or may not be sent now, or waits since a moment ago';
  return { check, verdict: 'ok', says: `none runs: ${why}` };
}

function roleFinding(
  presence: Presence,
  role: ProcessRole,
  waiting: number,
  { wants, todo }: { readonly wants: string; readonly todo: string },
): Finding {
  const live = liveOf(presence, role);
  if (live.length > 0) return { check: role, verdict: 'ok', says: placesOf(live) };
  if (waiting === 0) return { check: role, verdict: 'ok', says: 'none runs, and none is needed now' };
  return { check: role, verdict: 'warning', says: `none runs, and ${waiting} ${wants}`, todo };
}

/** Two versions at work may write what the other does not know. */
function versionFindings({ live }: Presence): Finding[] {
  const versions = [...new Set(live.map(({ version }) => version))].sort();
  if (versions.length < 2) return [];
  const says = versions.map((version) => `${version}: ${placesOf(live.filter((it) => it.version === version))}`);
  return [
    {
      check: 'versions',
      verdict: 'warning',
      says: `processes of different versions work on this ledger: ${says.join('; ')}`,
      todo: 'End those of the older version, and start them again with the newer one.',
    },
  ];
}

function placesOf(live: readonly LiveProcess[]): string {
  return live.map(({ role, host, pid }) => `${role} at ${host}:${pid}`).join(', ');
}

/** What a power cut, or a restart, takes away. */
async function checkPersistence({ redis, settings }: Store): Promise<Finding> {
  const check = 'persistence';
  const todo = 'Set appendonly yes and appendfsync always there; docs/redis.md says which setups are safe.';
  const accepted = settings.redisPersistence === 'none' ? 'warning' : 'fault';
  switch (await durabilityOf(redis)) {
    case 'always':
      return { check, verdict: 'ok', says: 'every write is on disk before it counts' };
    case 'second':
      if (settings.redisWait === 'disk' || settings.redisWait === 'replica-disk') {
        return {
          check,
          verdict: 'ok',
          says: 'a power cut loses the last second, but no call is made before it is on disk',
        };
      }
      return { check, verdict: 'warning', says: 'a power cut loses the last second; journals give it back', todo };
    case 'snapshots':
      return { check, verdict: 'fault', says: 'snapshots only: a restart loses what came after the last one', todo };
    case 'none':
      return { check, verdict: accepted, says: 'none: a restart loses every registration', todo };
    case 'unknown':
      return { check, verdict: 'warning', says: 'this Redis does not tell whether it keeps its data', todo };
  }
}

type Caller = ReturnType<typeof openCaller>;

async function checkWechat(store: Store): Promise<Finding[]> {
  const caller = openCaller(store);
  try {
    const { clock, redisClock } = await checkClocks(store);
    const addresses = checkAddresses(store.settings);
    const line = [await checkLine(store), ...(await checkDay(store))];
    const api = await checkApi(store, caller);
    const permissions = await checkPermissionSets(store);
    // Where WeChat cannot be reached, ticket and token would only say so again.
    if (clock.check === 'WeChat') return [clock, redisClock, ...addresses, ...line, api, permissions];
    const credential = await caller.credentials.current();
    const ticket = await checkTicket(store.settings, caller);
    return [
      clock,
      redisClock,
      ...addresses,
      ...line,
      api,
      permissions,
      ticket,
      checkToken(credential, { timezone: store.settings.quotaTimezone }),
      await checkQuota(store, caller, credential),
    ];
  } finally {
    await caller.close();
  }
}

/** What goes there is worth every Mini Program of the platform. */
function checkAddresses(settings: Settings): Finding[] {
  const addresses = {
    WECHAT_API_BASE_URL: settings.wechatApiBaseUrl,
    WECHAT_COMPONENT_ACCESS_TOKEN_URL: settings.wechatComponentAccessTokenUrl,
    FASTREGISTER_FORWARD_URL: settings.forwardUrl,
    FASTREGISTER_CREATED_WEBHOOK: settings.createdWebhook,
    FASTREGISTER_NOTIFY_URL: settings.notifyUrl,
  };
  return Object.entries(addresses)
    .filter(([, address]) => address !== undefined && isReadableOnTheWay(address))
    .map(([name]) => ({
      check: 'addresses',
      verdict: 'warning',
      says: `${name} begins with http:// and leads to another machine: whoever is on the way can read and change what goes there`,
      todo: 'Use https://.',
    }));
}

function isReadableOnTheWay(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

const CLOCK_WARNING_MS = 10_000;
/** A clock that is fast by minutes takes the push of a new attempt for one of the attempt before. */
const CLOCK_FAULT_MS = 120_000;

/** Three clocks: waits and quota days are measured by that of Redis, facts are dated by this machine's, pushes by WeChat's. */
async function checkClocks({ settings, calls }: Store): Promise<{ clock: Finding; redisClock: Finding }> {
  const { wechatApiBaseUrl, patience } = settings;
  const wechat = await readClock(wechatApiBaseUrl, patience.requestTimeoutMs, Date.now, fetch);
  const before = Date.now();
  const redis = await calls.now();
  const redisAheadMs = Math.round(redis - (before + Date.now()) / 2);
  const aheadOfWechatMs = wechat.kind === 'offset' ? wechat.ms + redisAheadMs : undefined;
  return { clock: checkClock(settings, wechat), redisClock: checkRedisClock(redisAheadMs, aheadOfWechatMs) };
}

function checkRedisClock(aheadOfUsMs: number, aheadOfWechatMs: number | undefined): Finding {
  const check = 'clock of Redis';
  const others: readonly (readonly [string, number | undefined])[] = [
    ["this machine's", aheadOfUsMs],
    ["WeChat's", aheadOfWechatMs],
  ];
  const off = others.flatMap(([whose, ms = 0]) => (Math.abs(ms) < CLOCK_WARNING_MS ? [] : [{ whose, ms }]));
  if (off.length === 0) return { check, verdict: 'ok', says: "as this machine's" };
  return {
    check,
    verdict: off.every(({ ms }) => Math.abs(ms) < CLOCK_FAULT_MS) ? 'warning' : 'fault',
    says: off.map(({ whose, ms }) => apartIn(ms, whose)).join(', '),
    todo: 'Let the machine of Redis, and this one, take their time from the network (timedatectl set-ntp true): waits and quota days are measured by the clock of Redis.',
  };
}

function apartIn(ms: number, whose: string): string {
  return `${formatDuration(Math.round(Math.abs(ms) / 1000) * 1000)} ${ms > 0 ? 'ahead of' : 'behind'} ${whose}`;
}

function checkClock({ wechatApiBaseUrl }: Settings, clock: Awaited<ReturnType<typeof readClock>>): Finding {
  if (clock.kind === 'unreachable') {
    return {
      check: 'WeChat',
      verdict: 'fault',
      says: `${wechatApiBaseUrl} cannot be reached: ${clock.why}`,
      todo: 'Check the network, the firewall and WECHAT_API_BASE_URL.',
    };
  }
  const off = Math.abs(clock.ms);
  if (off < CLOCK_WARNING_MS) return { check: 'clock', verdict: 'ok', says: `as WeChat's, at ${wechatApiBaseUrl}` };
  return {
    check: 'clock',
    verdict: off < CLOCK_FAULT_MS ? 'warning' : 'fault',
    says: apartIn(clock.ms, "WeChat's"),
    todo: 'Let the machine take its time from the network (timedatectl set-ntp true): quota days and the order of pushes hang on it.',
  };
}

async function checkLine({ calls, settings }: Store): Promise<Finding> {
  const now = Date.now();
  const { stopped, blockedReason, line, used, limit } = await sendingStatus(
    calls,
    limitsOf(settings),
    now,
    settings.wechatRegistrationApi,
  );
  if (blockedReason === undefined)
    return { check: 'line', verdict: 'ok', says: `running; ${used} of ${limit} calls today` };
  const lasts = line !== undefined && isWorthANotice(line, now, settings.patience.notifyAfterMs);
  const verdict = stopped || lasts ? 'fault' : line === undefined ? 'ok' : 'warning';
  return { check: 'line', verdict, says: blockedReason.reason.en, todo: blockedReason.nextStep.en };
}

/** A finding only where WeChat has closed the day. */
async function checkDay({ calls, settings }: Store): Promise<Finding[]> {
  const limits = limitsOf(settings);
  const facts = shutDayFacts((await sendingStatus(calls, limits, Date.now())).shut, limits);
  if (facts === null || facts.said === null) return [];
  const says = shutDayLines(facts).map(([what, words]) => `${what} ${words}`);
  return [{ check: 'quota day', verdict: 'warning', says: says.join('; '), todo: ASK_AT_ONCE.en }];
}

async function checkApi({ calls, settings }: Store, { api }: Caller): Promise<Finding> {
  const { retirement } = api;
  const check = 'registration API';
  if (retirement === undefined) return { check, verdict: 'ok', says: api.name };
  const trouble = INTERNAL_PROBLEMS[retirement.problem];
  const line = await calls.line();
  if (line?.problem === retirement.problem) {
    return { check, verdict: 'fault', says: trouble?.en ?? retirement.problem, todo: trouble?.nextStep.en ?? '' };
  }
  if (quotaDay(Date.now(), settings.quotaTimezone).day < retirement.day) {
    return { check, verdict: 'ok', says: `${api.name}, until ${retirement.day}` };
  }
  return {
    check,
    verdict: 'warning',
    says: `WeChat took ${api.name} offline on ${retirement.day}: since then its create was seen to answer ${retirement.errcode} whatever the row says.`,
    todo: 'Set WECHAT_REGISTRATION_API=fastregisterenterpriseweapp, unless you know that WeChat still answers yours.',
  };
}

/** No call of WeChat lists a platform's permission sets: only a refused create says that some are missing. */
async function checkPermissionSets({ calls }: Store): Promise<Finding> {
  const check = 'permission sets';
  const required = setNames(({ required }) => required);
  const recommended = setNames(({ required }) => !required);
  const line = await calls.line();
  if (troubleOf(line?.problem)?.nextStep === CHECK_PERMISSION_SETS) {
    const says = `WeChat answered ${line?.problem}: one of these is missing or not published network-wide: ${required}`;
    return { check, verdict: 'fault', says, todo: 'See the line.' };
  }
  const says = `WeChat tells of them only when a create is refused; required, published network-wide: ${required}; recommended: ${recommended}`;
  return { check, verdict: 'ok', says };
}

/** In both languages: open.weixin.qq.com shows the Chinese names. */
function setNames(which: (set: PermissionSet) => boolean): string {
  return PERMISSION_SETS.filter(which)
    .map(({ en, zh }) => `${en} (${zh})`)
    .join(', ');
}

const TICKET_EVERY_MS = 10 * 60_000;

async function checkTicket(settings: Settings, { ticketReceivedAt }: Caller): Promise<Finding> {
  const check = 'verify ticket';
  if (settings.wechatComponentAccessToken ?? settings.wechatComponentAccessTokenUrl) {
    return { check, verdict: 'ok', says: 'not needed: the token comes from your own service' };
  }
  const receivedAt = await ticketReceivedAt();
  const todo =
    'WeChat was asked to push one. Let `fastregister listen` or `serve` run, and check that the authorisation event URL of the platform leads to it.';
  if (receivedAt === undefined) return { check, verdict: 'fault', says: 'none has come yet', todo };
  const age = Date.now() - receivedAt;
  const says = `${formatDuration(Math.floor(age / 60_000) * 60_000 || 1_000)} old`;
  if (age <= 3 * TICKET_EVERY_MS) return { check, verdict: 'ok', says };
  return {
    check,
    verdict: age < TICKET_LIVES_MS ? 'warning' : 'fault',
    says: `${says}; WeChat pushes one every ten minutes, and it lives twelve hours`,
    todo: 'Check that the receiver runs and that the authorisation event URL of the platform leads to it.',
  };
}

function checkToken(credential: Credential, { timezone }: { timezone: string }): Finding {
  const check = 'access token';
  switch (credential.kind) {
    case 'token':
      return { check, verdict: 'ok', says: 'there' };
    case 'wait':
      if (credential.why === 'ticket') {
        return { check, verdict: 'fault', says: 'waits for a verify ticket', todo: 'See the verify ticket.' };
      }
      if (credential.why === 'refused') return { check, verdict: 'fault', ...tokenRefused(credential, timezone) };
      if (credential.why === 'service') return { check, verdict: 'fault', ...tokenServiceAway() };
      if (credential.why === 'page') {
        return { check, verdict: 'fault', says: `not WeChat answered, but: ${credential.said}`, todo: CHECK_THE_WAY };
      }
      return { check, verdict: 'warning', says: 'not to be had at this moment', todo: 'Run doctor again in a minute.' };
    case 'fault':
      return {
        check,
        verdict: 'fault',
        says: `${credential.problem} ${credential.said}`,
        todo: `${todoFor(credential)}${ridHint(credential.said).en}`,
      };
  }
}

const CHECK_THE_WAY = 'Check the proxy and the firewall between this machine and WeChat, and WECHAT_API_BASE_URL.';

function tokenRefused(
  { problem, said, ms }: Extract<Credential, { why: 'refused' }>,
  timezone: string,
): Pick<Finding, 'says' | 'todo'> {
  const trouble = troubleOf(problem);
  const words = `WeChat said: ${problem.replace('token:', '')} ${said}`;
  const next = `WeChat is asked again at ${isoWithOffset(Date.now() + ms, timezone)}.`;
  return { says: `${trouble?.en ?? ''} ${words}`, todo: `${trouble?.nextStep.en ?? ''} ${next}` };
}

function tokenServiceAway(): Pick<Finding, 'says' | 'todo'> {
  const trouble = INTERNAL_PROBLEMS['token:service_away'];
  return { says: trouble?.en ?? '', todo: trouble?.nextStep.en ?? '' };
}

function todoFor({ problem }: Extract<Credential, { kind: 'fault' }>): string {
  return (
    troubleOf(problem)?.nextStep.en ??
    'Check the token service, or WECHAT_COMPONENT_APPID and WECHAT_COMPONENT_APPSECRET.'
  );
}

async function checkQuota(
  { calls, settings }: Store,
  { client, api }: Caller,
  credential: Credential,
): Promise<Finding> {
  const check = 'quota';
  if (credential.kind !== 'token') return { check, verdict: 'warning', says: 'not asked for, without a token' };
  const quota = await readQuota(client, api.path, credential.token);
  const { used, limit, shut } = await sendingStatus(calls, limitsOf(settings), Date.now());
  switch (quota.kind) {
    case 'page':
      return { check, verdict: 'fault', says: `not WeChat answered, but: ${quota.why}`, todo: CHECK_THE_WAY };
    case 'lost':
      return { check, verdict: 'warning', says: `WeChat did not answer: ${quota.why}`, todo: 'Run doctor again.' };
    case 'untold':
      return { check, verdict: 'ok', says: `WeChat does not tell it for this API; ${limit} calls a day are set` };
    case 'refused': {
      const answer = explain(`create:${quota.errcode}`)[0]?.answer;
      const todo = answer?.nextStep.en ?? 'Look the code up: fastregister explain CODE';
      return {
        check,
        verdict: 'fault',
        says: `WeChat answered ${quota.errcode} ${quota.said}`,
        todo: `${todo}${ridHint(quota.said).en}`,
      };
    }
    case 'quota': {
      const says = `WeChat: ${quota.used} of ${quota.dailyLimit} used, ${quota.remain} left; here: ${used} of ${limit}`;
      if (shut?.said !== undefined && quota.remain > 0) {
        return {
          check,
          verdict: 'warning',
          says,
          todo: 'There are calls again: `fastregister resume` asks WeChat at once.',
        };
      }
      if (limit - used <= quota.remain) return { check, verdict: 'ok', says };
      const todo =
        'Set FASTREGISTER_DAILY_CALLS to what WeChat allows, or to auto; other programs use this quota too, and WeChat lowers it for platforms that create Mini Programs of online categories.';
      return { check, verdict: 'warning', says, todo };
    }
  }
}
