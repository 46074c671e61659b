import { setImmediate } from 'node:timers/promises';

/** What comes to a port takes a turn of the loop each to be accepted, read and looked at, and another one to be answered. */
const TURNS = 8;

/**
 * Between two pieces of work on many rows, of some tens of milliseconds each: answers first what has come to the ports of this
 * process. One turn of the loop a piece would make a request wait for as many pieces as it takes turns.
 */
export async function giveWay(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await setImmediate();
}
