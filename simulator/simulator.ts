/**
 * A stand-in for WeChat, for rehearsals and as a test peer: real HTTP, real encryption, and none of our own code, so
 * that it is not wrong where we are. README.md lists its options, fates and controls, and what it does not imitate.
 */

import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { startAuthorizations } from './authorizations.js';
import { type Authorizers, startAuthorizers } from './authorizers.js';
import { startBudgets } from './budgets.js';
import { seededRandom } from './chance.js';
import { CONTROLS_PREFIX, type Controls, control } from './controls.js';
import { type Faults, startFaults } from './faults.js';
import { bodyOf, type Gateway, passGateway, sendJson } from './gateway.js';
import { ticketMessage } from './messages.js';
import { type Settings, type SimulatorOptions, settingsFrom, type TimeSource } from './options.js';
import { type Outcomes, startOutcomes } from './outcomes.js';
import { type PushCounts, type Pushes, type PushesOfTask, startPushes } from './pushes.js';
import { type Registration, startRegistration } from './registration.js';
import { REGISTRATION_PATHS, routesFor } from './routes.js';
import { type Counts, startTally, type Tally } from './tally.js';
import { startTasks, type Task, type Tasks } from './tasks.js';
import { durationMs, startTimeline, type Timeline } from './timeline.js';
import { startTokens, TICKET_PERIOD_MS, type Tokens } from './tokens.js';

export type { SimulatorOptions } from './options.js';

/** Longer than any caller keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE_MS = 120_000;
/** However fast the time runs, tickets leave room for other pushes. */
const SHORTEST_TICKET_PAUSE_MS = 50;

export interface Simulator {
  readonly url: string;
  readonly port: number;
  state(): SimulatorState;
  setPushUrl(url: string | undefined): void;
  /** As over HTTP: `{ create: 89254, times: 3 }`, `{ create: 89247, for: '1h' }`. */
  setFaults(faults: Readonly<Record<string, unknown>>): void;
  clearFaults(): void;
  /** The merchant authorises the platform again, or changes the permission sets. False where there is no such account. */
  reauthorize(appid: string): boolean;
  /** The merchant withdraws the authorisation. */
  unauthorize(appid: string): boolean;
  /** An account that no task of this simulator created authorises the platform; answers its appid. */
  authorizeAccount(name: string, registerType: number): string;
  /** So many calls of the day to each registration API count as made. */
  setUsedCalls(count: number): void;
  /** Jumps ahead in simulated time: `advance('24h')`. */
  advance(simulated: string | number): void;
  close(): Promise<void>;
}

export interface SimulatorState {
  readonly url: string;
  readonly pushUrl: string | null;
  readonly simulatedTime: string;
  readonly retired: boolean;
  /** Path, action, errcode (or what befell the wire) → how often. */
  readonly calls: Readonly<Record<string, Readonly<Record<string, Counts>>>>;
  /** The most registration calls in any sliding real second and minute. */
  readonly peak: { readonly perSecond: number; readonly perMinute: number };
  readonly tasks: { readonly running: number; readonly created: number; readonly failed: number };
  /** By enterprise code, in capitals and without hyphen. */
  readonly merchants: Readonly<Record<string, MerchantState>>;
  readonly pushes: PushCounts & Outcomes['counts'];
  readonly tokens: Tokens['counts'];
  readonly authCodes: Authorizers['counts'];
  readonly faults: ReturnType<Faults['list']>;
  readonly unknownFates: readonly string[];
}

export interface MerchantState {
  /** Creates that arrived, however they were answered. */
  readonly creates: number;
  /** Creates that started a task. */
  readonly accepted: number;
  readonly answers: Counts;
  readonly tasks: readonly TaskState[];
}

export interface TaskState {
  readonly id: string;
  readonly stage: Task['stage'];
  readonly status: number;
  readonly appid: string | null;
  readonly fate: string;
  readonly pushes: Readonly<PushesOfTask>;
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = settingsFrom(options);
  const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: KEEP_ALIVE_MS + 1_000 });
  await listening(server, settings);
  const { port } = server.address() as AddressInfo;
  const url = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`;

  const random = seededRandom(settings.seed);
  const timeline = startTimeline(settings.clock, settings.speed);
  const nowBy = (source: TimeSource) => (source === 'real' ? timeline.realNow : timeline.now);
  const tokens = startTokens(nowBy(settings.credentialsFrom), random);
  const authorizers = startAuthorizers(nowBy(settings.credentialsFrom), random);
  const budgets = startBudgets(settings, nowBy(settings.budgetsFrom));
  const faults = startFaults(timeline.now);
  const tally = startTally();
  const pushes = startPushes(settings, timeline, random, options.pushUrl);
  const authorizations = startAuthorizations(settings, random, pushes, authorizers);
  const outcomes = startOutcomes(settings, timeline, random, pushes, authorizers, authorizations);
  const tasks = startTasks(settings, timeline, outcomes.tell);
  const authorizeUrl = (task: Task) => `${url}${CONTROLS_PREFIX}authorize?taskid=${task.id}`;
  const registration = startRegistration(settings, tasks, budgets, authorizeUrl);
  const tickets = startTickets(settings, timeline, tokens, pushes);
  const routes = routesFor({ settings, tokens, authorizers, budgets, registration, startTickets: tickets.start });

  const { slowAnswerMs, wireFaults, log } = settings;
  const gateway: Gateway = {
    routes,
    tokens,
    budgets,
    faults,
    tasks,
    tally,
    timeline,
    random,
    slowAnswerMs,
    wireFaults,
    log,
  };
  const state = () =>
    stateOf({ url, settings, timeline, tally, tasks, pushes, outcomes, tokens, authorizers, faults, registration });
  const setPushUrl = (next: string | undefined) => {
    pushes.setUrl(next);
    // A platform that moves its URL need not wait ten minutes for its next ticket.
    if (next && tickets.started()) tickets.start();
  };
  const setUsedCalls = (count: number) => {
    for (const path of Object.values(REGISTRATION_PATHS)) budgets.setUsed(path, count);
  };
  const controls: Controls = { state, setPushUrl, setUsedCalls, faults, timeline, tasks, authorizations };

  server.on('request', (request, response) => {
    respond(request, response, gateway, controls).catch((error: Error) => {
      log(`request failed: ${error.message}`);
      response.destroy();
    });
  });

  return {
    url,
    port,
    state,
    setPushUrl,
    setFaults(wanted) {
      const problem = faults.set(wanted);
      if (problem) throw new Error(problem);
    },
    clearFaults: faults.clear,
    reauthorize: authorizations.renew,
    unauthorize: authorizations.withdraw,
    authorizeAccount: authorizations.authorizeAccount,
    setUsedCalls,
    advance: (simulated) => timeline.advance(durationMs(simulated)),
    close() {
      timeline.close();
      pushes.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function respond(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  gateway: Gateway,
  controls: Controls,
): Promise<void> {
  const body = await bodyOf(request);
  if (!body) return sendJson(response, '{"errcode":45002,"errmsg":"content size out of limit"}', 413);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://simulator');
  const call = { method: request.method ?? '', path: pathname, query: searchParams, body };
  if (pathname.startsWith(CONTROLS_PREFIX)) control(controls, call, response);
  else await passGateway(gateway, call, response);
}

function listening(server: http.Server, { host, port }: Settings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new Error(`The simulator cannot listen on ${host}:${port}: ${cause.message}.`, { cause }));
    });
    server.listen(port, host, () => resolve());
  });
}

/** A ticket at once and then every ten minutes, by the clock that credentials live by. */
function startTickets(settings: Settings, timeline: Timeline, tokens: Tokens, pushes: Pushes) {
  const infoType = 'component_verify_ticket';
  let cancelNext: (() => void) | undefined;

  function start(): void {
    cancelNext?.();
    const head = { componentAppid: settings.componentAppid, createTimeS: pushes.createTimeS() };
    void pushes.send({ infoType, message: ticketMessage(head, tokens.newTicket()) });
    cancelNext =
      settings.credentialsFrom === 'real'
        ? timeline.afterReal(TICKET_PERIOD_MS, start)
        : timeline.after(Math.max(TICKET_PERIOD_MS, SHORTEST_TICKET_PAUSE_MS * settings.speed), start);
  }

  return { start, started: () => cancelNext !== undefined };
}

interface Inside {
  readonly url: string;
  readonly settings: Settings;
  readonly timeline: Timeline;
  readonly tally: Tally;
  readonly tasks: Tasks;
  readonly pushes: Pushes;
  readonly outcomes: Outcomes;
  readonly tokens: Tokens;
  readonly authorizers: Authorizers;
  readonly faults: Faults;
  readonly registration: Registration;
}

/** A copy: what happens afterwards does not change it. */
function stateOf(inside: Inside): SimulatorState {
  const { url, settings, timeline, tally, tasks, pushes, outcomes } = inside;
  const stages = { running: 0, created: 0, failed: 0 };
  const merchants: Record<string, MerchantState> = {};
  for (const { code, creates, answers, tasks: own } of tasks.merchants()) {
    for (const { stage } of own) stages[stage] += 1;
    merchants[code] = { creates, accepted: own.length, answers, tasks: own.map(taskState) };
  }
  return structuredClone({
    url,
    pushUrl: pushes.url() ?? null,
    simulatedTime: new Date(timeline.now()).toISOString(),
    retired: settings.retired,
    calls: tally.calls,
    peak: tally.peaks(),
    tasks: stages,
    merchants,
    pushes: { ...pushes.counts, ...outcomes.counts },
    tokens: inside.tokens.counts,
    authCodes: inside.authorizers.counts,
    faults: inside.faults.list(),
    unknownFates: [...inside.registration.unknownFates],
  });
}

function taskState({ id, stage, status, appid, fate, pushes }: Task): TaskState {
  return { id, stage, status, appid: appid ?? null, fate: fate.words, pushes };
}
