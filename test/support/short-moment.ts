/**
 * Each time that a Redis starts, creates wait three seconds (MOMENT_MS) for processes that nothing in Redis names. Few tests have such a
 * process: in the process of the tests the wait is a tenth of a second. `test/redis/loss.test.ts` sets it back for the tests of the wait
 * itself, and the built program always waits for all of it.
 */
import { UNKNOWN_PROCESSES } from '../../src/redis/ledger/unknown-processes.js';

UNKNOWN_PROCESSES.momentMs = 100;
