/** `fastregister`, the process. */
import './v8-flags.js';
import { runProgram } from './program.js';

// print() hears of it, and lets the command leave in order.
process.stdout.on('error', () => {});
// What a full disk or a reader that is gone does not take is lost, and the work goes on.
process.stderr.on('error', () => {});

await runProgram(process.argv.slice(2));
// Else a timer of ioredis' parser, which gives back the memory of long answers bit by bit, holds the process for two seconds more.
process.stdout.write('', () => process.exit());
