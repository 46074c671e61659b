/** What was told to FASTREGISTER_NOTIFY_URL already, so that many processes tell each thing once. */
import type { Redis } from 'ioredis';
import { key } from './keys.js';
import type { Notice } from './notices.js';

export interface Told {
  /** What was last told of each subject. */
  all(): Promise<Readonly<Record<string, string>>>;
  /** Queues the notice unless this was told of the subject already, in one step. */
  tell(subject: string, what: string, lane: string, notice: Notice): Promise<void>;
  /** Notes it without a word. */
  note(subject: string, what: string): Promise<void>;
}

/** KEYS told, lane's notices, lanes due; ARGV subject, what, notice (JSON), now in ms, lane, channel of the bell. */
const TELL = `
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('RPUSH', KEYS[2], ARGV[3])
redis.call('ZADD', KEYS[3], 'NX', ARGV[4], ARGV[5])
redis.call('PUBLISH', ARGV[6], 'notice')
return 1`;

export function openTold(redis: Redis): Told {
  return {
    all: () => redis.hgetall(key('told')),
    async tell(subject, what, lane, notice) {
      const keys = [key('told'), key('notices', 'notify', lane), key('noticesDue', 'notify')];
      await redis.eval(TELL, 3, ...keys, subject, what, JSON.stringify(notice), Date.now(), lane, key('bell'));
    },
    async note(subject, what) {
      await redis.hset(key('told'), subject, what);
    },
  };
}
