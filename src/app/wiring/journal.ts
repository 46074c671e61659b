import type { Logger } from 'pino';

export function written(write: () => void, log: Logger): boolean {
  try {
    write();
    return true;
  } catch (error) {
    log.error({ err: error }, 'the journal cannot be written');
    return false;
  }
}
