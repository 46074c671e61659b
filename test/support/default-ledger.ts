/** The files of a worker share their modules: a file whose commands named a ledger would leave its name to the next file. */
import { useLedger } from '../../src/redis/keys.js';

useLedger('default');
