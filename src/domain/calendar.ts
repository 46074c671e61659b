/** Days and hours on the clock of a time zone: the quota day and the sending hours. Times are milliseconds since 1970. */
import type { Language, Words } from './words.js';

export interface QuotaDay {
  /** `2026-11-21`, in the quota's time zone. */
  readonly day: string;
  readonly endsAt: number;
}

/** Minutes after midnight; `untilMinute` is exclusive and may be 1440. A window may go over midnight. */
export interface SendingHours {
  readonly fromMinute: number;
  readonly untilMinute: number;
}

const MINUTE = 60_000;

export function quotaDay(now: number, timeZone: string): QuotaDay {
  const { answer } = lastAsked;
  if (lastAsked.timeZone === timeZone && now >= lastAsked.at && now < answer.endsAt) return answer;
  const day = dateOf(now, timeZone);
  lastAsked = { timeZone, at: now, answer: { day, endsAt: nextMidnight(now, timeZone, day) } };
  return lastAsked.answer;
}

/** Asked before every call, and the same for a whole day. */
let lastAsked: { timeZone: string; at: number; answer: QuotaDay } = {
  timeZone: '',
  at: 0,
  answer: { day: '', endsAt: 0 },
};

/** 0 while sending is open, otherwise how long until it opens. */
export function closedForMs(now: number, timeZone: string, hours: SendingHours): number {
  if (hours.fromMinute === 0 && hours.untilMinute === 1440) return 0;
  const minute = minuteOfDay(now, timeZone);
  const open =
    hours.fromMinute <= hours.untilMinute
      ? minute >= hours.fromMinute && minute < hours.untilMinute
      : minute >= hours.fromMinute || minute < hours.untilMinute;
  if (open) return 0;
  const minutesToGo = (hours.fromMinute - minute + 1440) % 1440;
  return minutesToGo * MINUTE - (now % MINUTE);
}

export function isTimezone(text: string): boolean {
  try {
    formatter(text);
    return true;
  } catch {
    return false;
  }
}

function dateOf(now: number, timeZone: string): string {
  return formatter(timeZone).format(now).slice(0, 10);
}

function minuteOfDay(now: number, timeZone: string): number {
  const clock = formatter(timeZone).format(now).slice(-5);
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
}

/** A day has 23 to 25 hours where clocks change, so the end is looked for, not added. */
function nextMidnight(now: number, timeZone: string, day: string): number {
  let before = now;
  let after = now + 25 * 60 * MINUTE;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dateOf(middle, timeZone) === day) before = middle;
    else after = middle;
  }
  return after;
}

/** `2026-11-21T09:30:00+08:00` */
export function isoWithOffset(at: number, timeZone: string): string {
  const { ms, text } = offsetAt(at, timeZone);
  const second = Math.floor((at + ms) / 1000);
  const day = Math.floor(second / 86_400);
  const ofDay = second - day * 86_400;
  const clock = `${TWO_DIGITS[Math.floor(ofDay / 3600)]}:${TWO_DIGITS[Math.floor(ofDay / 60) % 60]}:${TWO_DIGITS[ofDay % 60]}`;
  return `${dateText(day)}T${clock}${text}`;
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

/** A report of a million rows writes some million times of a few days. */
const DATES_KEPT = 1_000;
const dates = new Map<number, string>();

function dateText(day: number): string {
  let text = dates.get(day);
  if (text === undefined) {
    if (dates.size >= DATES_KEPT) dates.clear();
    text = new Date(day * 86_400_000).toISOString().slice(0, 10);
    dates.set(day, text);
  }
  return text;
}

/**
 * A time that stands alone, in a column or before a line. In Chinese it is read by people, and filtered and sorted by them:
 * `2026-11-21 09:30:00`; in English it is the data.
 */
export function clockTime(at: number, timeZone: string, language: Language): string {
  const iso = isoWithOffset(at, timeZone);
  return language === 'zh' ? iso.slice(0, 19).replace('T', ' ') : iso;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A time in a sentence: `21 Nov 22:09` and `11 月 21 日 22:09`, with the year where that is not the year of `now`. */
export function localTime(at: number, timeZone: string, now: number): Words {
  const thisYear = isoWithOffset(now, timeZone).slice(0, 4);
  if (said.timeZone !== timeZone || said.thisYear !== thisYear || said.minutes.size >= MINUTES_KEPT) {
    said = { timeZone, thisYear, minutes: new Map() };
  }
  const minute = Math.floor(at / MINUTE);
  let words = said.minutes.get(minute);
  if (words === undefined) {
    words = momentInWords(isoWithOffset(at, timeZone), thisYear);
    said.minutes.set(minute, words);
  }
  return words;
}

/** The sentences of a report name the minutes of a few days, each many times. */
const MINUTES_KEPT = 10_000;
let said = { timeZone: '', thisYear: '', minutes: new Map<number, Words>() };

/** The same for a moment as `isoWithOffset` writes it, on its own clock; `thisYear`: the year that is left out. */
export function momentInWords(moment: string, thisYear: string): Words {
  const [year = '', month = '', day = ''] = moment.slice(0, 10).split('-');
  const clock = moment.slice(11, 16);
  const isThisYear = year === thisYear;
  return {
    en: `${Number(day)} ${MONTHS[Number(month) - 1]} ${isThisYear ? '' : `${year} `}${clock}`,
    zh: `${isThisYear ? '' : `${year} 年 `}${Number(month)} 月 ${Number(day)} 日 ${clock}`,
  };
}

/** A day in a sentence: `2026-11-21` and `11 月 21 日`, with the year where that is not the year of `now`. */
export function dayInWords(day: string, now: number): Words {
  const [year = '', month, ofMonth] = day.split('-');
  const isThisYear = year === String(new Date(now).getFullYear());
  return { en: day, zh: `${isThisYear ? '' : `${year} 年 `}${Number(month)} 月 ${Number(ofMonth)} 日` };
}

/** Of a time zone with a name; `Z` is the clock of machines. */
const MOMENT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d/g;

/** A sentence whose times are read as the clock on the wall shows them. */
export function withMomentsInWords(sentence: string, language: keyof Words, now: number): string {
  const thisYear = String(new Date(now).getFullYear());
  return sentence.replace(MOMENT, (moment) => momentInWords(moment, thisYear)[language]);
}

/**
 * `2026-11-21`, `2026-11-21 22:00`, or either with an offset of its own (`…T22:00+08:00`) → ms since 1970; undefined
 * where it is none of them.
 */
export function readMoment(text: string, timeZone: string): number | undefined {
  const read = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?(Z|[+-]\d\d:\d\d)?$/.exec(text.trim());
  if (read === null) return undefined;
  const [, date, time = '00:00', offset] = read;
  const at = Date.parse(`${date}T${time}${offset ?? 'Z'}`);
  // A day that does not exist is moved on by some readers of dates, and refused here.
  if (Number.isNaN(at) || (offset === undefined && new Date(at).toISOString().slice(0, 10) !== date)) return undefined;
  if (offset !== undefined) return at;
  return at - offsetAt(at - offsetAt(at, timeZone).ms, timeZone).ms;
}

/** What a clock on the wall shows, as if it were that of Greenwich. */
export function wallTimeAt(at: number, timeZone: string): number {
  return at + offsetAt(at, timeZone).ms;
}

/** The first moment at which a clock on the wall shows it. A time that is left out as clocks change is moved on by as much as they are. */
export function momentOf(wallTime: number, timeZone: string): { readonly at: number; readonly isLeftOut: boolean } {
  const [before, after] = [offsetAt(wallTime - DAY, timeZone).ms, offsetAt(wallTime + DAY, timeZone).ms];
  const found = [wallTime - before, wallTime - after].find((at) => wallTimeAt(at, timeZone) === wallTime);
  return { at: found ?? wallTime - before, isLeftOut: found === undefined };
}

interface Offset {
  readonly ms: number;
  /** `+08:00` */
  readonly text: string;
}

/** Clocks are changed at quarters of an hour: one question to Intl serves every time of that quarter. */
const QUARTER = 15 * MINUTE;
const OFFSETS_KEPT = 10_000;
const offsets = new Map<string, Map<number, Offset>>();

function offsetAt(at: number, timeZone: string): Offset {
  let ofZone = offsets.get(timeZone);
  if (ofZone === undefined) {
    ofZone = new Map();
    offsets.set(timeZone, ofZone);
  }
  const quarter = Math.floor(at / QUARTER);
  let offset = ofZone.get(quarter);
  if (offset === undefined) {
    if (ofZone.size >= OFFSETS_KEPT) ofZone.clear();
    offset = offsetFromIntl(at, timeZone);
    ofZone.set(quarter, offset);
  }
  return offset;
}

function offsetFromIntl(at: number, timeZone: string): Offset {
  const parts = offsetFormatter(timeZone).formatToParts(at);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign = '+', hours = '00', minutes = '00'] = /^GMT([+\u2212-])(\d\d):(\d\d)/.exec(name) ?? [];
  const ms = (Number(hours) * 60 + Number(minutes)) * MINUTE;
  return sign === '+' ? { ms, text: `+${hours}:${minutes}` } : { ms: -ms, text: `-${hours}:${minutes}` };
}

/** sv-SE writes `2026-11-21 09:05`. */
const formatter = formatterOfZone('sv-SE', {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
});
const offsetFormatter = formatterOfZone('en-GB', { timeZoneName: 'longOffset' });

/** Making one takes more than ten times as long as formatting with it. */
function formatterOfZone(
  locale: string,
  options: Intl.DateTimeFormatOptions,
): (timeZone: string) => Intl.DateTimeFormat {
  const known = new Map<string, Intl.DateTimeFormat>();
  return (timeZone) => {
    let made = known.get(timeZone);
    if (made === undefined) {
      made = new Intl.DateTimeFormat(locale, { ...options, timeZone });
      known.set(timeZone, made);
    }
    return made;
  };
}

const DAY = 24 * 60 * MINUTE;

/** The business registry's days are China's, which has had one time zone without summer time since 1992. */
const BEIJING_OFFSET = 8 * 60 * MINUTE;

/**
 * Monday to Friday in Beijing. Public holidays and the Saturdays that are worked for them are announced year by year, so
 * they cannot be known for the next one and are not counted.
 */
export function afterWorkingDays(from: number, days: number): number {
  let at = from;
  for (let left = days; left > 0; ) {
    at += DAY;
    const weekday = new Date(at + BEIJING_OFFSET).getUTCDay();
    if (weekday !== 0 && weekday !== 6) left -= 1;
  }
  return at;
}
