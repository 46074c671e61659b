/**
 * Loaded into a worker before its own code: the process kills itself at a named step, the second time that it comes
 * there; at `dispatch:after` the first time, which hands out everything. Steps of Redis: `acquire:before`, `acquire:after` and so on
 * for every script; of the call: `call:sent`, `call:answered`. A worker hands out and reads the next job while a call is under way:
 * at those two steps it dies when the call is recorded, because nobody could tell whether WeChat was asked.
 */
import { createHash } from 'node:crypto';
import { subscribe } from 'node:diagnostics_channel';
import { readdirSync } from 'node:fs';
import { Redis } from 'ioredis';
import { textOf } from '../../dist/src/redis/scripts.js';

const step = process.env.DIE_AT;
const lua = new URL('../../dist/src/redis/lua/', import.meta.url);
const names = new Map(
  readdirSync(lua).map((file) => {
    const name = file.replace('.lua', '');
    return [createHash('sha1').update(textOf(name)).digest('hex'), name];
  }),
);

let times = 0;
let callUnderWay = false;

function at(here) {
  if (here !== step) return;
  times += 1;
  if (times < (here === 'dispatch:after' ? 1 : 2)) return;
  if (!/^(dispatch|read):/.test(here)) process.kill(process.pid, 'SIGKILL');
  return dieBetweenCalls();
}

async function dieBetweenCalls() {
  while (callUnderWay) await new Promise(setImmediate);
  process.kill(process.pid, 'SIGKILL');
}

const { evalsha } = Redis.prototype;
Redis.prototype.evalsha = async function (digest, ...rest) {
  const name = names.get(digest);
  await at(`${name}:before`);
  // From here Redis may have given the permit, whenever its reply comes.
  if (name === 'acquire') callUnderWay = true;
  const answer = await evalsha.call(this, digest, ...rest);
  // Both answer also when there is nothing to hand out, or a call has to wait.
  const isNothing = name === 'dispatch' ? answer.length <= 2 : name === 'acquire' && !answer.flat(2).includes('go');
  if (name === 'record' || (name === 'acquire' && isNothing)) callUnderWay = false;
  if (!isNothing) await at(`${name}:after`);
  return answer;
};

// The first run of a script, whose digest Redis did not know.
const { eval: evalText } = Redis.prototype;
Redis.prototype.eval = async function (text, ...rest) {
  const answer = await evalText.call(this, text, ...rest);
  if (text === textOf('record')) callUnderWay = false;
  return answer;
};

const isCreate = ({ request }) => String(request.path).includes('action=create');
subscribe('undici:request:bodySent', (message) => isCreate(message) && at('call:sent'));
subscribe('undici:request:trailers', (message) => isCreate(message) && at('call:answered'));
