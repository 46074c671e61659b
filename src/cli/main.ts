/** `fastregister`, the process. */
import './v8-flags.js';
import { runProgram } from './program.js';

// print() hears of it, and lets the command leave in order.
process.stdout.on('error', () => {});

await runProgram(process.argv.slice(2));
