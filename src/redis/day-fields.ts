/** A quota day as its hash in Redis keeps it; the fields are those of day.lua. */
import type { ReportedQuota, ShutDay } from '../domain/budgets.js';

export function reportedFields({ limit, used, counted, at }: ReportedQuota): Record<string, number> {
  return { reportedLimit: limit, reportedUsed: used, countedThen: counted, reportedAt: at };
}

export function shutDayFrom(fields: Readonly<Record<string, string>>): ShutDay | undefined {
  const { closed, closedBy, shutAt, checkAt, ask, probe, doubted, answered } = fields;
  if (closed === undefined && checkAt === undefined && ask === undefined) return undefined;
  const time = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
  return {
    since: time(shutAt),
    said: closedBy,
    nextCheckAt: time(checkAt),
    askedForAt: time(ask),
    busyUntil: time(fields.busyUntil),
    probeWanted: probe === 'wanted',
    askedAt: time(fields.askedAt),
    answered,
    doubted: doubted === '1',
  };
}

export function reportedFrom(fields: Readonly<Record<string, string>>): ReportedQuota | undefined {
  const { reportedLimit, reportedUsed, countedThen, reportedAt } = fields;
  if (reportedLimit === undefined) return undefined;
  return {
    limit: Number(reportedLimit),
    used: Number(reportedUsed ?? 0),
    counted: Number(countedThen ?? 0),
    at: Number(reportedAt ?? 0),
  };
}
