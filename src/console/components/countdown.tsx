import { isoWithOffset } from '../../domain/calendar.js';
import type { Words } from '../../domain/words.js';
import type { View } from '../visit.js';

/** `{h}` hours, `{m}` minutes and `{s}` seconds; the script of the console fills them in every second. */
const LEFT = {
  hours: { en: '{h} h {m} min left', zh: '剩余 {h} 小时 {m} 分' },
  minutes: { en: '{m} min {s} s left', zh: '剩余 {m} 分 {s} 秒' },
  over: { en: 'over', zh: '已到期' },
} as const satisfies Record<string, Words>;

const [HOUR_MS, MINUTE_MS] = [3_600_000, 60_000];

/** A deadline with the time that is left, which counts down where there is a script; without one it is that of the page. */
export function Countdown({ view, endsAt }: { view: View; endsAt: number }) {
  const left = endsAt - Date.now();
  const look = left < 3 * HOUR_MS ? 'ending' : 'open';
  return (
    <time
      class={`countdown ${look}`}
      datetime={isoWithOffset(endsAt, view.store.settings.quotaTimezone)}
      data-ends={endsAt}
      data-hours={view.say(LEFT.hours)}
      data-minutes={view.say(LEFT.minutes)}
      data-over={view.say(LEFT.over)}
      title={view.time(endsAt)}
    >
      {view.say(leftInWords(left))}
    </time>
  );
}

/** To the minute: the live parts of a page are sent again when their text changes. */
function leftInWords(left: number): Words {
  if (left <= 0) return LEFT.over;
  const [hours, minutes] = [Math.floor(left / HOUR_MS), Math.floor((left % HOUR_MS) / MINUTE_MS)];
  if (hours === 0) return { en: `${minutes} min left`, zh: `剩余 ${minutes} 分` };
  return { en: `${hours} h ${minutes} min left`, zh: `剩余 ${hours} 小时 ${minutes} 分` };
}
