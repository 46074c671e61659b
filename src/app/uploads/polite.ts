/**
 * A sheet that is read in a process which answers people meanwhile. Checking and loading keep the loop busy from page to page, and
 * an answer takes several turns of it: so the work pauses for a share of the time that the loop was busy.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Sheet } from '../../producer/sheets/sheet.js';

const BUSY_MS = 15;
const SHARE = 1 / 3;

export function politely(sheet: Sheet): Sheet {
  const { pagesToAccept } = sheet;
  return {
    ...sheet,
    rows: () => withPauses(sheet.rows()),
    ...(pagesToAccept && { pagesToAccept: (wanted) => withPauses(pagesToAccept(wanted)) }),
  };
}

async function* withPauses<Page>(pages: AsyncIterable<Page>): AsyncGenerator<Page> {
  let before = performance.eventLoopUtilization();
  for await (const page of pages) {
    yield page;
    const { active } = performance.eventLoopUtilization(before);
    if (active < BUSY_MS) continue;
    await pause(active * SHARE);
    before = performance.eventLoopUtilization();
  }
}
