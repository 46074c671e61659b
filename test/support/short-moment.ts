/** Each time that a Redis starts, creates wait three seconds for processes that are not known. Few tests have such a process. */
import { UNKNOWN_PROCESSES } from '../../src/redis/ledger/loss.js';

UNKNOWN_PROCESSES.momentMs = 100;
