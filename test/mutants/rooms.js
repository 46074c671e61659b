/** The rooms that are mutated, and the tests that run for each mutant: fast, and with the same end every time. */
export const ROOMS = {
  domain: ['test/domain/*.test.ts'],
  wechat: ['test/wechat/*.test.ts'],
  worker: [
    'test/stages/{authorize,authorize-again,clock,create-facts,dead-secret,drain,follow-up,patience,permits,quota,redis-forgot}.test.ts',
    'test/stages/{search-facts,semaphore,silent-registration,submit,wakeups,whole-facts,worker-leaves}.test.ts',
  ],
  events: [
    'test/stages/{authorize,forward,matching-pushes,pushes-in-any-order,receiver,receiver-replays,recorder,recording-pushes,recorder-troubles,spool}.test.ts',
  ],
};

/** The tests that know each Lua script; `others` are those of every script that is not named. */
export const LUA_TESTS = {
  accept: ['batches', 'one-enterprise', 'unsent-rows'].map(ofRedis),
  day: ['day', 'calls'].map(ofRedis),
  'exchange-pace': ['test/stages/authorize.test.ts'],
  'give-back': [...['relay'].map(ofRedis), 'test/stages/follow-up.test.ts', 'test/stages/silent-registration.test.ts'],
  dispatch: [...['relay'].map(ofRedis), 'test/stages/purge.test.ts'],
  prelude: [
    ...['batches', 'calls', 'changes', 'heartbeat', 'ledger', 'line', 'loss'].map(ofRedis),
    ...['many-script', 'new-registrations', 'one-enterprise', 'relay', 'shared-lua'].map(ofRedis),
    ...['purge', 'wakeups'].map((name) => `test/stages/${name}.test.ts`),
  ],
  fact: ['batches', 'calls', 'ledger', 'line', 'one-enterprise'].map(ofRedis),
  line: ['calls', 'ledger', 'line', 'line-moves', 'line-policy'].map(ofRedis),
  'first-rows': ['batches', 'line', 'one-enterprise'].map(ofRedis),
  pushes: ['auth-codes', 'ledger', 'one-enterprise'].map(ofRedis),
  purge: [...['purging'].map(ofRedis), 'test/stages/purge.test.ts'],
  record: ['ledger', 'calls', 'many-script'].map(ofRedis),
  'ack-pushes': ['test/stages/recorder-troubles.test.ts'],
  'store-pushes': ['test/stages/receiver-replays.test.ts'],
  sweep: ['relay'].map(ofRedis),
  acquire: ['calls', 'day', 'line', 'line-policy'].map(ofRedis),
  tidy: ['test/stages/purge.test.ts'],
  others: ['auth-codes', 'batches', 'calls', 'component-store', 'day', 'heartbeat', 'line', 'links'].map(ofRedis),
};

function ofRedis(name) {
  return `test/redis/${name}.test.ts`;
}
