/**
 * Loaded into a worker before its own code: the process kills itself at a named step, the second time that it comes
 * there; at `dispatch:after` the first time, which hands out everything. Steps of Redis: `acquire:before`, `acquire:after` and so on
 * for every script; of the call: `call:sent`, `call:answered`.
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
function at(here) {
  if (here !== step) return;
  times += 1;
  if (times === (here === 'dispatch:after' ? 1 : 2)) process.kill(process.pid, 'SIGKILL');
}

const { evalsha } = Redis.prototype;
Redis.prototype.evalsha = async function (digest, ...rest) {
  const name = names.get(digest);
  at(`${name}:before`);
  const answer = await evalsha.call(this, digest, ...rest);
  // Both answer also when there is nothing to hand out, or a call has to wait.
  const isNothing = name === 'dispatch' ? answer.length <= 2 : name === 'acquire' && !answer.flat(2).includes('go');
  if (!isNothing) at(`${name}:after`);
  return answer;
};

const isCreate = ({ request }) => String(request.path).includes('action=create');
subscribe('undici:request:bodySent', (message) => isCreate(message) && at('call:sent'));
subscribe('undici:request:trailers', (message) => isCreate(message) && at('call:answered'));
