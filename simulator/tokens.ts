/** The platform's own credentials: verify tickets that are pushed, and the component access tokens they buy. */

import { randomHex } from './chance.js';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './timeline.js';

export const TOKEN_LIFE_S = 7_200;
export const TICKET_PERIOD_MS = 10 * MINUTE_MS;
const TICKET_LIFE_MS = 12 * HOUR_MS;
/** A refresh leaves the old token alive for so long. */
const OVERLAP_MS = 5 * MINUTE_MS;

export interface Tokens {
  newTicket(): string;
  /** 61006 unknown, 61005 expired, or 0. */
  checkTicket(ticket: unknown): number;
  newToken(): string;
  /** 41001 missing, 40014 invalid, 42001 expired, 40001 not the latest, or 0. */
  checkToken(token: string | null): number;
  readonly counts: { tickets: number; tokens: number };
}

export function startTokens(now: () => number, random: () => number): Tokens {
  const tickets = new Map<string, number>();
  const tokens = new Map<string, { expiresAt: number; replacedAt: number }>();
  const counts = { tickets: 0, tokens: 0 };
  let latest: string | undefined;
  return {
    counts,
    newTicket() {
      const ticket = `ticket@@@${randomHex(random, 64)}`;
      tickets.set(ticket, now());
      counts.tickets += 1;
      return ticket;
    },
    checkTicket(ticket) {
      const pushedAt = tickets.get(String(ticket));
      if (pushedAt === undefined) return 61006;
      return now() - pushedAt > TICKET_LIFE_MS ? 61005 : 0;
    },
    newToken() {
      const before = tokens.get(latest ?? '');
      if (before) before.replacedAt = now();
      latest = `component_${randomHex(random, 96)}`;
      tokens.set(latest, { expiresAt: now() + TOKEN_LIFE_S * SECOND_MS, replacedAt: Number.POSITIVE_INFINITY });
      counts.tokens += 1;
      return latest;
    },
    checkToken(token) {
      if (!token) return 41001;
      const known = tokens.get(token);
      if (!known) return 40014;
      if (now() >= known.expiresAt) return 42001;
      return now() - known.replacedAt > OVERLAP_MS ? 40001 : 0;
    },
  };
}
