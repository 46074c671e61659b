/** Delivery of pushes: sealed, signed, posted, and tried again when the receiver does not say `success`. */

import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { keyFrom, sealMessage, signatureOf } from './crypt.js';
import { field } from './messages.js';
import type { Settings } from './options.js';
import { addOne, type Counts } from './tally.js';
import { SECOND_MS, type Timeline } from './timeline.js';

const WANTED_ANSWER = 'success';
/** Receivers answer seven letters; a longer body is cut off here. */
const LONGEST_ANSWER = 1_024;
/** WeChat's machines are many, and a rehearsal's receiver is one. */
const SOCKETS = 64;
const KEPT_FAILURES = 20;

/** What was pushed about one task; `results`: acknowledged pushes among these that say how it ended. */
export interface PushesOfTask {
  sent: number;
  acknowledged: number;
  results: number;
}

export interface Push {
  readonly infoType: string;
  readonly message: string;
  /** Counts whatever merchant the push is about. */
  readonly about?: PushesOfTask;
  /** It says how the task ended. */
  readonly isResult?: true;
  /** Signed wrongly, as by a sender who does not know the token. */
  readonly forged?: boolean;
}

export interface PushCounts {
  /** Messages, however often each was tried. */
  sent: number;
  attempts: number;
  acknowledged: number;
  failedAttempts: number;
  gaveUp: number;
  readonly sentByInfoType: Counts;
  readonly acknowledgedByInfoType: Counts;
  readonly forged: { sent: number; acknowledged: number };
  /** Why the latest attempts failed. */
  readonly failures: string[];
}

export interface Pushes {
  /** Resolves when the first try is over; further tries go on behind it. */
  send(push: Push): Promise<void>;
  /** Seconds for CreateTime. */
  createTimeS(): number;
  setUrl(url: string | undefined): void;
  url(): string | undefined;
  readonly counts: PushCounts;
  close(): void;
}

export function startPushes(
  settings: Settings,
  timeline: Timeline,
  random: () => number,
  firstUrl: string | undefined,
): Pushes {
  const key = keyFrom(settings.encodingAesKey);
  const agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets: SOCKETS }),
    'https:': new https.Agent({ keepAlive: true, maxSockets: SOCKETS }),
  };
  const counts: PushCounts = {
    sent: 0,
    attempts: 0,
    acknowledged: 0,
    failedAttempts: 0,
    gaveUp: 0,
    sentByInfoType: {},
    acknowledgedByInfoType: {},
    forged: { sent: 0, acknowledged: 0 },
    failures: [],
  };
  let url = firstUrl;
  let closed = false;

  const createTimeS = () =>
    Math.floor((settings.createTimeFrom === 'real' ? timeline.realNow() : timeline.now()) / SECOND_MS);

  function seal({ message, forged }: Push): { query: string; body: string } {
    const encrypted = sealMessage(message, key, settings.componentAppid, randomBytes(16));
    const timestamp = String(createTimeS());
    const nonce = String(Math.floor(random() * 2 ** 31));
    const token = forged ? `${settings.messageToken} is not known here` : settings.messageToken;
    const query = new URLSearchParams({
      signature: signatureOf(token, timestamp, nonce),
      timestamp,
      nonce,
      encrypt_type: 'aes',
      msg_signature: signatureOf(token, timestamp, nonce, encrypted),
    });
    const body = `<xml>${field('AppId', settings.componentAppid)}${field('Encrypt', encrypted)}</xml>`;
    return { query: query.toString(), body };
  }

  /** Undefined when the receiver said `success`, else what went wrong. */
  function post({ query, body }: { query: string; body: string }): Promise<string | undefined> {
    if (!url) return Promise.resolve('no push URL is set');
    const target = new URL(url);
    target.search = target.search ? `${target.search}&${query}` : `?${query}`;
    const secure = target.protocol === 'https:';
    return new Promise((resolve) => {
      const headers = { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) };
      const options = { method: 'POST', agent: agents[secure ? 'https:' : 'http:'], headers };
      const request = (secure ? https : http).request(target, options);
      let cancelTimeout = () => {};
      const settle = (problem: string | undefined) => {
        cancelTimeout();
        resolve(problem);
      };
      // The wait begins with the connection, not in the queue before it.
      request.on('socket', () => {
        cancelTimeout = timeline.afterReal(settings.pushTimeoutMs, () => request.destroy(new Error('timed out')));
      });
      request.on('error', (error) => settle(error.message));
      request.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text = (text + chunk).slice(0, LONGEST_ANSWER);
        });
        response.on('error', (error) => settle(error.message));
        response.on('end', () => settle(problemOf(response.statusCode ?? 0, text)));
      });
      request.end(body);
    });
  }

  async function attempt(push: Push, triesLeft: number): Promise<void> {
    if (closed) return;
    counts.attempts += 1;
    const problem = await post(seal(push));
    if (closed) return;
    if (problem === undefined) return acknowledge(push);
    counts.failedAttempts += 1;
    counts.failures.push(`${push.infoType}: ${problem}`);
    if (counts.failures.length > KEPT_FAILURES) counts.failures.shift();
    settings.log(`push ${push.infoType} not acknowledged: ${problem}`);
    if (triesLeft > 0) timeline.afterReal(settings.pushRetryPauseMs, () => void attempt(push, triesLeft - 1));
    else counts.gaveUp += 1;
  }

  function acknowledge({ infoType, about, isResult }: Push): void {
    counts.acknowledged += 1;
    addOne(counts.acknowledgedByInfoType, infoType);
    if (about === undefined) return;
    about.acknowledged += 1;
    if (isResult) about.results += 1;
  }

  /** Once only, and apart from the other counts: a good receiver refuses it. */
  async function forge(push: Push): Promise<void> {
    counts.forged.sent += 1;
    if ((await post(seal(push))) === undefined) counts.forged.acknowledged += 1;
  }

  return {
    counts,
    createTimeS,
    setUrl: (next) => {
      url = next;
    },
    url: () => url,
    async send(push) {
      if (closed) return;
      if (push.forged) return forge(push);
      counts.sent += 1;
      addOne(counts.sentByInfoType, push.infoType);
      if (push.about) push.about.sent += 1;
      settings.log(`push ${push.infoType}`);
      await attempt(push, settings.pushRetries);
    },
    close() {
      closed = true;
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/** The literal word, and nothing around it. */
function problemOf(status: number, text: string): string | undefined {
  if (status === 200 && text === WANTED_ANSWER) return undefined;
  return status === 200 ? 'HTTP 200 without the literal "success"' : `HTTP ${status}`;
}
