/** What WeChat says of the day's calls to one path. */
import type { Client } from './client.js';

export type QuotaReading =
  | { readonly kind: 'quota'; readonly dailyLimit: number; readonly used: number; readonly remain: number }
  /** WeChat does not report it for this path, or not now: nothing is wrong. */
  | { readonly kind: 'not_reported'; readonly errcode: number; readonly said: string }
  | { readonly kind: 'refused'; readonly errcode: number; readonly said: string }
  | { readonly kind: 'lost'; readonly why: string }
  /** Something else answered in WeChat's place (client.ts). */
  | { readonly kind: 'page'; readonly taken: 'no' | 'unknown'; readonly why: string };

/** 76021, 76022, 76003: not answerable for this path. 44993: this call's own limit. */
const NOT_REPORTED: ReadonlySet<number> = new Set([76021, 76022, 76003, 44993]);

export async function readQuota(client: Client, path: string, token: string): Promise<QuotaReading> {
  const reply = await client.post({
    path: '/cgi-bin/openapi/quota/get',
    query: { access_token: token },
    body: { cgi_path: path },
  });
  if (reply.kind === 'page') return reply;
  if (reply.kind !== 'answer') return { kind: 'lost', why: reply.why };
  const { errcode, said, body } = reply;
  if (NOT_REPORTED.has(errcode)) return { kind: 'not_reported', errcode, said };
  if (errcode !== 0) return { kind: 'refused', errcode, said };
  const quota = (body.quota ?? {}) as Readonly<Record<string, unknown>>;
  const [dailyLimit, used, remain] = [quota.daily_limit, quota.used, quota.remain].map(Number);
  if (dailyLimit === undefined || used === undefined || remain === undefined || Number.isNaN(remain)) {
    return { kind: 'not_reported', errcode, said };
  }
  return { kind: 'quota', dailyLimit, used, remain };
}
