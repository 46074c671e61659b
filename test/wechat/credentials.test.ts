import { expect, test } from 'vitest';
import { type KeptToken, openCredentials, type TokenStore } from '../../src/wechat/credentials.js';

const NOW = 1_000_000;
const now = () => NOW;

/** What processes share, without Redis. */
function memory(): TokenStore & { kept: KeptToken | undefined } {
  let locked = false;
  return {
    kept: undefined,
    async token() {
      return this.kept;
    },
    refuseToken: async () => 1,
    ticket: async () => ({ value: 'ticket', receivedAt: NOW }),
    dropTicket: async () => {},
    mayAskForTicket: async () => false,
    async lock() {
      if (locked) return undefined;
      locked = true;
      return 'fence';
    },
    async saveToken(_, token) {
      this.kept = token;
      locked = false;
      return true;
    },
    async unlock() {
      locked = false;
    },
    clearRefusals: async () => {},
  };
}

test('who gets the lock when another process has just refreshed takes its token', async () => {
  const store = memory();
  let fetched = 0;
  const source = async () => ({ kind: 'fresh', token: `token ${++fetched}`, livesMs: 7_200_000 }) as const;
  const first = openCredentials(store, source, now);
  // The second one has looked and found nothing; before it has the lock, the first one is through.
  const { lock } = store;
  const second = openCredentials(
    {
      ...store,
      token: () => store.token(),
      lock: async (ms) => {
        if (fetched === 0) await first.current();
        return lock(ms);
      },
    },
    source,
    now,
  );

  expect(await second.current()).toEqual({ kind: 'token', token: 'token 1' });
  expect(await first.current()).toEqual({ kind: 'token', token: 'token 1' });
  expect(fetched).toBe(1);
});
