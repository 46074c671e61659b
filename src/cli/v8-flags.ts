/**
 * How V8 keeps house in commands that go over a million rows. Imported before everything else, because loading makes the
 * heap grow too.
 */
import { setFlagsFromString } from 'node:v8';

const [, , command = ''] = process.argv;

/**
 * Rows of a report are garbage as soon as they are written, and V8 would give them a nursery of 48 MB. Kept as small as it
 * is at the start, a report of a million rows takes 30 MB less, and as long.
 */
const OVER_MANY_ROWS = ['report', 'retry', 'cancel', 'purge'];
if (OVER_MANY_ROWS.includes(command)) setFlagsFromString('--semi-space-growth-factor=1');

/**
 * Rows that are read and recorded live longer than such a nursery holds. V8 would let four times what is in use become
 * garbage before it looks; twice takes 50 MB less, and as long.
 */
const RECORDING_MANY_ROWS = ['retry', 'cancel', 'purge'];
if (RECORDING_MANY_ROWS.includes(command)) setFlagsFromString('--heap-growing-percent=100');

/**
 * A process that serves holds 30 MB. V8 would let the garbage of a night's sheets and reports grow to three times as much
 * before it looks; at a fifth more, a night takes 80 MB less, and as long.
 */
if (command === 'serve') setFlagsFromString('--heap-growing-percent=20');
