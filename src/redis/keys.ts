/**
 * Every key of ours, by name. One hash tag keeps them in one slot, so that a Lua script may touch several of them on a
 * cluster. The scripts use the same names, so that a key is spelled here and nowhere else.
 */
let ledger = 'default';

/** Which ledger this process works with: several lie side by side on one Redis. Called once, before any key is named. */
export function useLedger(name: string): void {
  ledger = name;
}

export function prefix(): string {
  return ledger === 'default' ? '{fastregister}' : `{fastregister:${ledger}}`;
}

const NAMES = {
  /** hash, or before the first fact its row as a number (prelude.lua): one merchant's registration; see `registration-fields.ts` */
  registration: 'r',
  /** list: the facts of a registration, oldest first, as JSON */
  history: 'h',
  /** list: batch ids in the order of loading */
  batches: 'batches',
  /** hash: what a batch is: number, file, headings, columns, rows */
  batch: 'batch',
  /** hash: ids of all batches that were ever opened, by number */
  batchNumbers: 'batch-numbers',
  /** list per page of rows (domain/batch.ts, ROWS_PER_PAGE): the packed rows of a batch */
  rows: 'rows',
  /** string per page of rows: eight bytes a row by which it is found (row-index.ts) */
  rowIndex: 'row-index',
  /** hash: rows of a batch by state, `deferred/<wait>` apart */
  counts: 'counts',
  /** sorted set: pages of rows (`batch:page`) that have changed, by the value of `changes` in `epoch` at that time (changes.ts) */
  changedPages: 'changed-pages',
  /** hash: registrations by state, each counted once, however many batches ask for it */
  states: 'states',
  /** hash: row index to the outcome that a later batch's new attempt must not change */
  keptOutcomes: 'kept-outcomes',
  /** hash: registration to the first row of a batch that found it created already */
  firstRows: 'first-rows',
  /** list per kind of work: registrations that are ready, the next one first */
  ready: 'ready',
  /** sorted set per kind of work: registrations by the time when they are due, in ms */
  scheduled: 'scheduled',
  /** sorted set per kind of work: jobs handed to BullMQ and not yet done, by the time of handing, in ms */
  window: 'window',
  /** sorted set per batch: registrations that wait until its first rows were accepted, in the order of rows */
  held: 'held',
  /** set: batches that hold registrations back behind their first rows */
  heldBatches: 'held-batches',
  /**
   * hash, absent while the line runs: its state (domain/line.ts), why it is stopped (because, problem) and since when (at), how
   * often and with how many merchants the fault was met (times, merchants, since), a person's reason to pause it (paused); the
   * registration whose call is the probe (probe, probeDeadline), a create or a search (probeKind), and that of an earlier probe
   * without an answer (earlierProbe). For a line that opens by itself: which call can be the probe (probeCall: create or any),
   * what is asked first (question), the waits (firstMs, maxMs), how many probes failed (failedProbes), and when the next is due
   * (dueAt)
   */
  line: 'line',
  /** hash per quota day: calls of each kind, and what is known of a day that has none left; fields in `lua/day.lua` */
  calls: 'calls',
  /** hash with expiry: why there is no token at the moment (why, said), since when, after how many tries, and when it is asked for again (until) */
  tokenWait: 'token-wait',
  /** string with expiry: a process is asking quota/get, or has asked it not long ago */
  quotaAsked: 'quota-asked',
  /** list: when the last calls were let through, in µs, and for which registrations; newest first */
  recent: 'recent',
  /** string: when the next call is due if calls are spread evenly, and before which time no late call goes either, in µs */
  pace: 'pace',
  /** string: the latest time of Redis' clock that was seen when work was handed out, in ms */
  clock: 'clock',
  /** string with expiry: WeChat asked for a pause (45011); how long it is, in ms */
  pause: 'pause',
  /** string that expires at once: written to see whether Redis takes writes */
  trial: 'trial',
  /** hash per quota day: `create` calls per Weixin ID */
  tries: 'tries',
  /** hash for create and for search: faults of WeChat or the network since the last ordinary answer (line.lua, count_repeated_error) */
  repeatedErrors: 'repeated-errors',
  /** set per quota day: registrations whose create got the answer of an API that is offline; '' once any other came */
  offline: 'offline',
  /** sorted set: registrations whose link the legal person has yet to open, by its end in ms */
  links: 'links',
  /** sorted set: links of `links` about whose end no reminder was sent yet, by the same */
  unreminded: 'unreminded',
  /** sorted set: links of `links` that were not yet sent to FASTREGISTER_NOTIFY_URL, by the same */
  linksToAnnounce: 'links-to-announce',
  /** hash: the component verify ticket */
  ticket: 'ticket',
  /** string with expiry: WeChat was asked to push a ticket not long ago */
  ticketAsked: 'ticket:asked',
  /** string with expiry: why WeChat issues no component access token, as JSON; no process requests a token meanwhile */
  tokenRefusal: 'token:refusal',
  /** number: tokens that were refused in a row */
  tokenRefused: 'token:refused',
  /** hash: the component access token */
  token: 'token',
  /** string with expiry: the process that refreshes the token */
  refresher: 'refresher',
  /** stream: every push that we answered `success`, in order */
  pushes: 'pushes',
  /** hash: pushes that fit no registration, whole, by the stream's id */
  parked: 'parked',
  /** hash: pushes that were old when they came, whole, by a unique id in the form of the stream's, which does not have them */
  old: 'old-pushes',
  /** set with expiry per day (since 1970): `msg_signature` of the pushes that were stored on that day */
  signatures: 'signatures',
  /** hash: a registration that does not exist yet (or `task:` and a task's id, or `appid:` and an appid) to the parked pushes about it */
  awaited: 'awaited',
  /** hash: the successor's task id to its registration */
  tasks: 'tasks',
  /** hash: counts of pushes by InfoType and outcome, `notify_third_fasteregister|recorded` */
  pushCounts: 'push-counts',
  /** hash: counts of requests that the receiver refused, by why */
  refused: 'refused',
  /** hash: how long pushes took from CreateTime until they were stored: counts by upper bound in seconds, `sum` in ms */
  pushLag: 'push-lag',
  /** string with expiry: how many pushes of a segment of a spool are stored */
  spooled: 'spooled',
  /** string: the last push that was relayed to the platform's other service */
  forwarded: 'forwarded',
  /** string with expiry: the process that relays pushes */
  forwarder: 'forwarder',
  /** hash: appid to the registration that has the Mini Program, or had it before one more was asked for */
  appids: 'appids',
  /** hash per Mini Program: its sealed refresh token, and the sealed codes that wait for their exchange (pushes.lua, offer) */
  authorizer: 'authorizer',
  /** string with expiry per Mini Program: the process that exchanges its codes */
  exchanging: 'exchanging',
  /** sorted set: Mini Programs whose refresh token is kept, by when, in ms */
  authorizers: 'authorizers',
  /** hash per batch: notes on rows that our checks refused, by their index; JSON, one a line */
  rowNotes: 'row-notes',
  /** sorted set: processes that work, as JSON (domain/presence.ts), by until when they count as alive, in ms */
  living: 'living',
  /** hash: when a process of each role, a worker of each kind, and a push (`push`) were last seen, in ms */
  lastSeen: 'last-seen',
  /** string: when a receiver was last seen, in ms */
  receiver: 'receiver',
  /** hash: the time without a receiver for which missed pushes were not looked for yet, `from` and `to` in ms */
  outage: 'outage',
  /** string with expiry: the process that compares WeChat's list of accounts with the ledger */
  reconciler: 'reconciler',
  /** hash: the night of the last comparison, how it ended, and when the next one may be tried */
  reconciled: 'reconciled',
  /** string: when the next exchange of an auth_code is due if they are spread evenly, in µs */
  exchangePace: 'exchange-pace',
  /** list per destination and ordering key: notices to post, the next one first, as JSON */
  notices: 'notices',
  /** sorted set per destination: ordering keys that have notices, by the time when the first of these is due, in ms */
  noticesDue: 'notices-due',
  /** hash per destination: how often the first notice of an ordering key was posted without success */
  noticeTries: 'notice-tries',
  /** hash per destination: when the first notice of an ordering key was first posted without success, in ms */
  noticeFirstTry: 'notice-first-try',
  /** hash per destination: how many notices of an ordering key were in that first post */
  noticeFirstCount: 'notice-first-count',
  /** hash per destination: what came back when the first notice of an ordering key was last posted without success */
  noticeFailure: 'notice-failure',
  /** string with expiry per destination: nothing is posted to it before this time, in ms */
  noticeQuiet: 'notice-quiet',
  /** hash: nightly runs by name, as JSON */
  schedules: 'schedules',
  /** hash: schedule to the time of its last night that was begun, in ms */
  occurrences: 'occurrences',
  /** hash: schedule to the time when a person asked for a night of it, in ms, until one begins */
  nightsAsked: 'nights-asked',
  /** hash: nights by id, as JSON: files, batches, and how the night ended */
  nights: 'nights',
  /** list per night that takes files: files that were taken since `nights` was last written, as JSON */
  nightFiles: 'night-files',
  /** string with expiry per inbox: the fence of the night that works on it */
  inbox: 'inbox',
  /** set with expiry per file of an inbox: processes that have begun to read it and have not reported the end */
  reading: 'reading',
  /** string: the last fence that was given out */
  fence: 'fence',
  /**
   * hash: the last notice to FASTREGISTER_NOTIFY_URL by subject: a batch (`open` while it is pending), `line` or `quota`; and how many
   * batches there were at the last look (`batches`)
   */
  sentNotices: 'sent-notices',
  /** hash: the identity of this ledger (`ledger/identity.ts`); `key`: the key of the HMAC that turns codes into registration ids (`ledger/ledger-key.ts`) */
  ledger: 'ledger',
  /**
   * hash: which run of Redis this is (`id`, `run`), how many facts the ledger has, how often rows were added or changed
   * (`changes`), since when creates wait for processes that have yet to report (`settling`), the last loss of Redis
   * (`loss…`), and the time before which everything that is missing was purged (`purgedBefore`); loss.ts
   */
  epoch: 'epoch',
  /** sorted set: processes with a journal, by when they were seen last, in ms */
  processes: 'processes',
  /** set: processes that have not yet reported to the epoch */
  unreported: 'unreported',
  /** list per registration that Redis had forgotten with its row: what journals have of it; string `any`: there are such */
  forgotten: 'forgotten',
  /** hash: creates that were recorded again, by write id, with their registrations, until the failures since then are counted again */
  uncounted: 'uncounted',
  /** number: written before a wait for replicas or the disk, which covers that write (confirmation.ts) */
  confirmed: 'confirmed',
  /** hash: users of the console by name, as JSON, with the hashes of their passwords */
  consoleUsers: 'console-users',
  /** hash with expiry per session of the console, named by the digest of its token: its user, and its latest end */
  consoleSession: 'console-session',
  /** set with expiry per user: the sessions that were begun */
  consoleSessionsOf: 'console-sessions-of',
  /** number with expiry per client: wrong passwords; string with expiry: it has to wait; both named by a digest */
  consoleTries: 'console-tries',
  consoleWait: 'console-wait',
  /** string with expiry per browser with a session: the user */
  consoleDevice: 'console-device',
  /** stream: who did what in the console, as JSON */
  consoleAudit: 'console-audit',
  /** string with expiry per form of the console that was sent: what was done, as JSON, or that it is being done */
  consoleOnce: 'console-once',
  /** string with expiry per answered form of the console: what was typed into it, as JSON */
  consoleTyped: 'console-typed',
  /** channel: a topic is published when there is something new to do */
  wakeups: 'wakeups',
} as const;

export type KeyName = keyof typeof NAMES;

export function key(name: KeyName, ...parts: (string | number)[]): string {
  return [prefix(), NAMES[name], ...parts].join(':');
}

/**
 * Scripts write `key.registration(id)` and `key.line()`. The names are replaced before a script is loaded, because building a
 * table of all these functions in each run would take most of its time.
 */
export function withKeys(lua: string): string {
  return lua
    .replace(/\bkey\.(\w+)\(\)/g, (_, name: string) => `'${prefix()}:${wordOf(name)}'`)
    .replace(/\bkey\.(\w+)\(/g, (_, name: string) => `joined('${prefix()}:${wordOf(name)}:', `);
}

function wordOf(name: string): string {
  if (!Object.hasOwn(NAMES, name)) throw new Error(`A script names the key ${name}, which keys.ts does not have`);
  return NAMES[name as KeyName];
}
