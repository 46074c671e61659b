import type { Logger } from 'pino';
import type { Journal } from '../../redis/ledger/journal.js';
import type { WorkerContext } from '../../worker/context.js';

export async function written(write: () => void | Promise<void>, log: Logger): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    log.error({ err: error }, 'the journal under FASTREGISTER_HOME cannot be written');
    return false;
  }
}

/** @param onChange whether entries can be written from now on */
export function journalOfCalls(
  journal: Pick<Journal, 'write' | 'tryToWrite'>,
  log: Logger,
  onChange: (canWrite: boolean) => void,
): Pick<WorkerContext['memory'], 'write' | 'canWrite' | 'tryAgain'> {
  let canWrite = true;
  function learn(could: boolean): boolean {
    if (could !== canWrite) {
      canWrite = could;
      onChange(could);
      if (could) log.info({}, 'the journal can be written again; this worker goes on');
      else
        log.error(
          {},
          'this worker sends nothing until its journal can be written: the disk is full, or may not be written',
        );
    }
    return could;
  }
  return {
    async write(entry) {
      const could = await written(() => journal.write(entry), log);
      return could || learn(false);
    },
    canWrite: () => canWrite,
    tryAgain() {
      try {
        journal.tryToWrite();
        return learn(true);
      } catch {
        return learn(false);
      }
    },
  };
}
