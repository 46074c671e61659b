/**
 * Loaded into a worker before its own code: the process kills itself at a named step, the second time that it comes
 * there; at `hand:after` the first time, which hands out everything. Steps of Redis: `take:before`, `take:after` and so on
 * for every script; of the call: `call:sent`, `call:answered`.
 */
import { createHash } from 'node:crypto';
import { subscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { withKeys } from '../../dist/redis/keys.js';

const step = process.env.DIE_AT;
const lua = new URL('../../dist/redis/lua/', import.meta.url);
// What scripts.ts puts before each script.
const shared = ['prelude', 'day'].map((file) => readFileSync(new URL(`${file}.lua`, lua), 'utf8'));
const names = new Map(
  readdirSync(lua).map((file) => {
    const text = withKeys([...shared, readFileSync(new URL(file, lua), 'utf8')].join('\n'));
    return [createHash('sha1').update(text).digest('hex'), file.replace('.lua', '')];
  }),
);

let times = 0;
function at(here) {
  if (here !== step) return;
  times += 1;
  if (times === (here === 'hand:after' ? 1 : 2)) process.kill(process.pid, 'SIGKILL');
}

const { evalsha } = Redis.prototype;
Redis.prototype.evalsha = async function (digest, ...rest) {
  const name = names.get(digest);
  at(`${name}:before`);
  const answer = await evalsha.call(this, digest, ...rest);
  // hand answers also when it has nothing to hand out.
  if (name !== 'hand' || answer.length > 2) at(`${name}:after`);
  return answer;
};

const isCreate = ({ request }) => String(request.path).includes('action=create');
subscribe('undici:request:bodySent', (message) => isCreate(message) && at('call:sent'));
subscribe('undici:request:trailers', (message) => isCreate(message) && at('call:answered'));
