import type { Logger } from 'pino';

export async function written(write: () => void | Promise<void>, log: Logger): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    log.error({ err: error }, 'the journal cannot be written');
    return false;
  }
}
