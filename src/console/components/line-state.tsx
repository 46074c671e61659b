import type { CurrentStatus } from '../../app/status.js';
import { refusedInWords } from '../../app/status-words.js';
import { joined, type Words } from '../../domain/words.js';
import type { View } from '../visit.js';
import { Prose } from './prose.js';

const WORDS = {
  running: { en: 'Sending', zh: '提交正常' },
  waiting: { en: 'Sending waits', zh: '提交等待中' },
  stopped: { en: 'Sending is stopped', zh: '提交已停止' },
  idle: { en: 'No worker is running', zh: '没有工作进程在运行' },
  startOne: {
    en: 'Rows wait to be sent, and no worker runs. Have an engineer start one: fastregister serve, or fastregister work',
    zh: '有待提交的行，但没有工作进程。请通知工程师启动：fastregister serve 或 fastregister work',
  },
  noFault: { en: 'Nothing needs to be fixed.', zh: '没有需要处理的故障。' },
} as const satisfies Record<string, Words>;

/** What is to be fixed comes first, in the words of `status`. */
export function LineCard({ view, now }: { view: View; now: CurrentStatus }) {
  const { line, workerMissing, writesRefused } = now;
  const reason = 'reason' in line ? line.reason : undefined;
  const nextStep = ('nextStep' in line ? line.nextStep : undefined) ?? { en: '', zh: '' };
  const isIdle =
    reason === undefined && writesRefused === null && now.toSend > 0 && now.processes.workers.live.length === 0;
  // The calls of a day end on most days: it is waited for, and nothing is to be done.
  const isStopped = writesRefused !== null || (line.stopped && !('problem' in line && line.problem === 'quota:day'));
  const isBad = isStopped || workerMissing !== null;
  const look = isBad ? 'bad' : reason === undefined && !isIdle ? 'good' : 'fair';
  const running = isIdle ? WORDS.idle : WORDS.running;
  const title = isStopped ? WORDS.stopped : reason === undefined ? running : WORDS.waiting;
  const faults = [
    ...(writesRefused === null ? [] : [refusedInWords(writesRefused)]),
    ...(reason === undefined ? [] : [joined([reason, nextStep])]),
    ...(isIdle && workerMissing === null ? [WORDS.startOne] : []),
    ...(workerMissing === null ? [] : [joined([workerMissing.reason, workerMissing.nextStep])]),
  ];
  return (
    <section class={`line ${look}`}>
      <h2>{view.say(title)}</h2>
      {faults.length === 0 ? (
        <p>{view.say(WORDS.noFault)}</p>
      ) : (
        faults.map((words) => (
          <p>
            <Prose view={view} text={view.say(words)} />
          </p>
        ))
      )}
    </section>
  );
}
