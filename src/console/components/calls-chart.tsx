import type { HourOfDay } from '../../app/pace.js';
import type { Words } from '../../domain/words.js';
import type { View } from '../visit.js';
import { Chart } from './chart.js';

const WORDS = {
  title: { en: 'Calls of the day, hour by hour, against the quota', zh: '今日累计调用（按小时）与额度' },
  label: (used: string, limit: string): Words => ({
    en: `${used} of ${limit} calls; the dashed line is the quota`,
    zh: `已用 ${used} / ${limit} 次，虚线为额度`,
  }),
  hour: (hour: string, upToThen: string, calls: string): Words => ({
    en: `${hour}:00: ${upToThen} so far, ${calls} in this hour`,
    zh: `${hour}:00：累计 ${upToThen} 次，本小时 ${calls} 次`,
  }),
} as const;

/** How the day's calls add up, with the quota as a dashed line. */
export function CallsChart({ view, hours, limit }: { view: View; hours: readonly HourOfDay[]; limit: number }) {
  const used = Math.max(0, ...hours.map(({ upToThen = 0 }) => upToThen));
  return (
    <section class="calls">
      <h2>{view.say(WORDS.title)}</h2>
      <Chart
        view={view}
        label={view.say(WORDS.label(view.number(used), view.number(limit)))}
        limit={limit}
        points={hours.map(({ hour, calls, upToThen }) => ({
          label: hour,
          value: upToThen,
          title: upToThen === undefined ? hour : view.say(WORDS.hour(hour, view.number(upToThen), view.number(calls))),
        }))}
      />
    </section>
  );
}
