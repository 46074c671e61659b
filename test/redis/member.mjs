// A process that shares the private Redis of the folder given: says where it is, leaves when told to, dies when killed.
import { joinPrivateServer } from '../../dist/src/redis/server/private-server.js';

const log = { info() {}, warn: (_facts, sentence) => console.error(sentence) };
const server = await joinPrivateServer({ home: process.argv[2], log });
console.log(server.socketPath);
process.stdin.once('end', () => server.leave()).resume();
