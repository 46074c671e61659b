/** What processes cost, which other work on the machine changes less than how long they take. */
import { readFileSync } from 'node:fs';

/** CPU seconds of these processes so far, user and system, where /proc has them. */
export function cpuSeconds(pids) {
  return pids.reduce((sum, pid) => sum + cpuOf(pid), 0);
}

function cpuOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}

export async function processOf(redis) {
  return Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
}
