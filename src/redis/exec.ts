/** The answers of a pipeline or a transaction of ioredis; its `exec` returns errors beside the answers instead of rejecting. */
import type { ChainableCommander } from 'ioredis';

/** @throws the first error of any command */
export async function answersOf(steps: ChainableCommander): Promise<unknown[]> {
  return ((await steps.exec()) ?? []).map(([error, answer]) => {
    if (error) throw error;
    return answer;
  });
}
