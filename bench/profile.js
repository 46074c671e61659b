/**
 * Where the CPU time of a bench goes: runs it with V8's profiler in every process and thread, and prints for each of the busy ones
 * which part of the time each package, each room and each module of Node.js took by itself. Usage: node bench/profile.js BENCH [its arguments]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [bench, ...args] = process.argv.slice(2);
/** Of the CPU time of all: processes and threads that took less are left out. */
const SHOWN_SHARE = 0.05;
const SHOWN_PARTS = 14;

const folder = mkdtempSync(join(tmpdir(), 'fastregister-profile-'));
try {
  const script = fileURLToPath(new URL(bench, import.meta.url));
  // Forked processes get the same options.
  spawnSync(process.execPath, ['--cpu-prof', `--cpu-prof-dir=${folder}`, script, ...args], { stdio: 'inherit' });
  const all = readdirSync(folder).map((name) => spentIn(JSON.parse(readFileSync(join(folder, name), 'utf8'))));
  const total = all.reduce((sum, { busyMs }) => sum + busyMs, 0);
  for (const { busyMs, parts } of all.sort((one, other) => other.busyMs - one.busyMs)) {
    if (busyMs < total * SHOWN_SHARE) continue;
    const shares = [...parts].sort(([, one], [, other]) => other - one).slice(0, SHOWN_PARTS);
    console.log(`\n${(busyMs / 1000).toFixed(1)} s`);
    for (const [part, ms] of shares) console.log(`${((ms / busyMs) * 100).toFixed(1).padStart(6)} %  ${part}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** A process or a thread: for how many ms it was not idle, and in which parts. */
function spentIn({ nodes, samples, timeDeltas }) {
  const partOf = new Map(nodes.map(({ id, callFrame }) => [id, partFor(callFrame)]));
  const parts = new Map();
  samples.forEach((id, at) => {
    const part = partOf.get(id);
    if (part !== undefined) parts.set(part, (parts.get(part) ?? 0) + Math.max(timeDeltas[at], 0) / 1000);
  });
  return { busyMs: [...parts.values()].reduce((sum, ms) => sum + ms, 0), parts };
}

function partFor({ functionName, url }) {
  if (functionName === '(idle)' || functionName === '(root)') return undefined;
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(program)') return 'native code, system calls, other processes meanwhile';
  if (url === '') return "V8's own functions";
  const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? /dist\/(src\/[^/]+|simulator)/.exec(url) ?? [];
  return name ?? (url.startsWith('node:') ? url : 'bench');
}
