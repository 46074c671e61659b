/** Who may import whom. The rooms meet in the ledger, not in each other: so one of them can be read, and changed, alone. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { run } from '../support/program.js';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/** Files beside the rooms that wait: no word of ours is in them. */
const WAITING = ['sleep', 'polling', 'give-way'];
const STAGE = ['domain', 'wechat', 'redis', ...WAITING];

/** A room is a folder of src or a file beside them. Inside a room everything may import everything. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  log: [],
  package: [],
  sleep: [],
  polling: [],
  'give-way': [],
  http: ['domain'],
  settings: ['domain', 'http'],
  'config-rules': ['domain', 'settings'],
  config: ['domain', 'settings', 'config-rules'],
  wechat: ['domain'],
  redis: ['domain', ...WAITING],
  producer: STAGE,
  worker: STAGE,
  events: [...STAGE, 'http'],
  notices: STAGE,
  operator: STAGE,
  reporter: STAGE,
  // A night is load, wait and report in a row.
  nights: [...STAGE, 'producer', 'reporter'],
  console: [...STAGE, 'reporter', 'http', 'app', 'package'],
};
/** They get the functions of redis/ as arguments, so that a test can give others; they name only its types. */
const STAGES = ['producer', 'worker', 'events', 'notices', 'operator', 'reporter', 'nights'];
const MAY_USE_REDIS: Readonly<Record<string, string>> = {
  'producer/pages-to-accept.ts': 'runs in the thread that reads a sheet, to which no function can be given',
  'reporter/csv.ts': 'walks pages as Redis answered them: a report has no time for an object of each row',
  'reporter/plain-lines.ts': 'reads the fields of such rows by their places',
};

/** The use cases know every stage, and none of the faces that call them; the command `serve` starts the console. */
const MAY_NOT_IMPORT: Readonly<Record<string, readonly string[]>> = { app: ['cli', 'console'], cli: [] };

interface Import {
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
  readonly isOfTypes: boolean;
  /** Made when the program comes there. */
  readonly isLater: boolean;
}

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

const HEAVY = ['undici', 'bullmq', 'prom-client', 'hono', '@hono/node-server', 'fast-xml-parser', 'cron-parser'];

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
const imports = files.flatMap((file) => importsOf(file));

// A stand-in for WeChat that shared our parser would be wrong where we are.
test('the simulator imports nothing of ours', () => {
  const room = fileURLToPath(new URL('../../simulator/', import.meta.url));
  const itsFiles = readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const itsImports = itsFiles.flatMap((file) => importsOf(file, room));
  expect(itsImports.length).toBeGreaterThan(itsFiles.length);
  expect(itsImports.filter(({ specifier }) => specifier.startsWith('..')).map(tell)).toEqual([]);
});

describe('imports', () => {
  test('are found', () => {
    expect(imports.length).toBeGreaterThan(files.length);
  });

  test('of every room have a rule here', () => {
    const rooms = [...new Set(files.map(roomOf))];
    expect(rooms.filter((room) => !(room in MAY_IMPORT) && !(room in MAY_NOT_IMPORT))).toEqual([]);
  });

  test('go in the one direction that the rules allow', () => {
    expect(imports.filter((it) => !isAllowed(it)).map(tell)).toEqual([]);
  });

  test('of one stage by another are only the ones that the rules name', () => {
    const named = Object.entries(MAY_IMPORT).flatMap(([from, rooms]) =>
      rooms.filter((to) => !STAGE.includes(to)).map((to) => `${from} → ${to}`),
    );
    const made = new Set(
      imports.filter(({ specifier }) => specifier.startsWith('.')).map((it) => roomsOf(it).join(' → ')),
    );
    expect(named.filter((step) => !made.has(step))).toEqual([]);
  });

  test('of redis/ by a stage are of its types, but for the files that have a reason', () => {
    const ofRedis = imports.filter(
      (it) => STAGES.includes(roomOf(it.file)) && (it.specifier === 'ioredis' || roomsOf(it)[1] === 'redis'),
    );
    expect(ofRedis.length).toBeGreaterThan(STAGES.length);
    const using = new Set(ofRedis.filter(({ isOfTypes }) => !isOfTypes).map(({ file }) => file));
    expect([...using].sort()).toEqual(Object.keys(MAY_USE_REDIS).sort());
  });

  test('of the names of keys stay in redis/', () => {
    const names = (specifier: string): boolean => specifier.endsWith('redis/keys.js');
    expect(imports.filter(({ specifier }) => names(specifier)).map(tell)).toEqual([]);
  });

  test('go in no circle', () => {
    const importsOfFile = new Map(files.map((file) => [file.replace(/\.tsx?$/, ''), new Set<string>()]));
    for (const { file, specifier } of imports) {
      if (!specifier.startsWith('.')) continue;
      importsOfFile.get(file.replace(/\.tsx?$/, ''))?.add(join(dirname(file), specifier).replace(/\.js$/, ''));
    }
    // A file that imports nothing that is left, or that nothing left imports, is in no circle.
    for (let before = 0; before !== importsOfFile.size; ) {
      before = importsOfFile.size;
      const imported = new Set([...importsOfFile.values()].flatMap((its) => [...its]));
      for (const [file, its] of importsOfFile) {
        if (!imported.has(file) || ![...its].some((other) => importsOfFile.has(other))) importsOfFile.delete(file);
      }
    }
    expect([...importsOfFile.keys()]).toEqual([]);
  });

  test('of the simulator are made by the commands that start it', () => {
    const made = imports.filter(({ specifier }) => specifier.includes('/simulator/'));
    expect(new Set(made.map(({ file }) => roomOf(file)))).toEqual(new Set(['cli']));
  });

  // Every face calls them: the command line, a page, HTTP.
  test('of the use cases are of no command line, and nothing in them prints', () => {
    const useCases = files.filter((file) => roomOf(file) === 'app' && !file.includes('wiring'));
    expect(useCases.length).toBeGreaterThan(10);
    const faces = ['commander', 'node:process', 'node:readline', 'node:readline/promises', 'node:tty'];
    expect(
      imports.filter(({ file, specifier }) => useCases.includes(file) && faces.includes(specifier)).map(tell),
    ).toEqual([]);
    const text = (file: string): string => readFileSync(join(SRC, file), 'utf8');
    expect(useCases.filter((file) => /\b(?:process|console)\.\w/.test(text(file)))).toEqual([]);
  });

  // Help and the answer to a wrong flag would wait for them.
  test('of what a command does are made when it runs', () => {
    const ofOptions = files.filter((file) => file.startsWith(join('cli', 'commands', '')));
    expect(ofOptions.length).toBeGreaterThan(25);
    expect(packagesOf([join('cli', 'main.ts'), ...ofOptions])).toEqual(['commander']);
    const made = imports.filter((it) => ofOptions.includes(it.file) && !it.isOfTypes && it.specifier.startsWith('.'));
    const [later, atTheTop] = [made.filter(({ isLater }) => isLater), made.filter(({ isLater }) => !isLater)];
    expect(new Set(later.map(({ file }) => file))).toEqual(new Set(ofOptions));
    const ofActions = new Set(later.map(({ specifier }) => specifier));
    expect(atTheTop.filter(({ specifier }) => ofActions.has(specifier)).map(tell)).toEqual([]);
    expect(new Set(atTheTop.map((it) => roomsOf(it)[1]))).toEqual(new Set(['cli', 'domain']));
  });

  // They take longer to load than all the rest of such a command.
  test('of what posts, what sends and what serves are not made by commands that only look or listen', () => {
    const look = ['status', 'report', 'find', 'explain-merchant', 'todo', 'load'].map((name) =>
      join('cli', `${name}.ts`),
    );
    const packages = packagesOf([...look, join('app', 'wiring', 'store.ts'), 'log.ts']);
    expect(packages).toContain('ioredis');
    expect(packages.filter((name) => HEAVY.includes(name))).toEqual([]);
    expect(packagesOf([join('cli', 'explain.ts')])).toEqual(['commander']);
    expect(packagesOf([join('cli', 'listen.ts')]).filter((name) => HEAVY.includes(name))).toEqual(['fast-xml-parser']);
  });

  test('are made of commander alone by --help, and of no Redis by a check without a ledger', async () => {
    const help = await packagesLoadedBy(['--help']);
    expect(help).toEqual(['commander']);
    const check = await packagesLoadedBy(['check', join(CHECKOUT, 'samples/merchants.csv')]);
    expect(check).toContain('pino');
    expect(check.filter((name) => [...HEAVY, 'ioredis'].includes(name))).toEqual([]);
  });

  test('of the domain are of no IO', () => {
    const pure = ['node:crypto'];
    const outside = imports.filter(({ file, specifier }) => roomOf(file) === 'domain' && !specifier.startsWith('.'));
    expect(outside.filter(({ specifier }) => !pure.includes(specifier)).map(tell)).toEqual([]);
  });
});

/** Static, re-exporting, side-effect and dynamic imports; the text of a template or comment is none of ours. */
function importsOf(file: string, folder = SRC): Import[] {
  const source = readFileSync(join(folder, file), 'utf8');
  const pattern =
    /^(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
  return [...source.matchAll(pattern)].map((match) => ({
    file,
    line: source.slice(0, match.index).split('\n').length,
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
    isOfTypes: /^(?:import|export) type\b/.test(match[0]),
    isLater: match[3] !== undefined,
  }));
}

/** The packages that are loaded with these files, by the imports at the top of them and of all that they lead to. */
function packagesOf(roots: readonly string[]): string[] {
  const reached = new Set(roots);
  const packages = new Set<string>();
  for (const file of reached) {
    // The compiler imports it for the elements of a page.
    if (file.endsWith('.tsx')) packages.add('hono');
    for (const { specifier } of imports.filter((it) => it.file === file && !it.isOfTypes && !it.isLater)) {
      if (specifier.startsWith('.')) reached.add(sourceOf(join(dirname(file), specifier)));
      else if (!specifier.startsWith('node:')) packages.add(packageIn(specifier));
    }
  }
  return [...packages].sort();
}

/** Of the simulator none: it is no file of src. */
function sourceOf(module: string): string {
  return files.find((file) => file.replace(/\.tsx?$/, '.js') === module) ?? module;
}

/** `hono/jsx` → hono, `@hono/node-server/serve-static` → @hono/node-server */
function packageIn(specifier: string): string {
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}

/** V8 says of each script that it has compiled it. */
const SAYS_WHAT_IT_LOADED = `
  import { Session } from 'node:inspector';
  import { writeFileSync } from 'node:fs';
  const loaded = [];
  const session = new Session();
  session.connect();
  session.on('Debugger.scriptParsed', ({ params }) => loaded.push(params.url));
  session.post('Debugger.enable');
  process.once('exit', () => writeFileSync(process.env.LOADED, loaded.join('\\n')));
`;

async function packagesLoadedBy(args: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'loaded-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const LOADED = join(folder, 'loaded');
  const toSay = `--import=data:text/javascript,${encodeURIComponent(SAYS_WHAT_IT_LOADED)}`;
  const { stderr } = await run(args, { asInstalled: true, cwd: folder, env: { LOADED, NODE_OPTIONS: toSay } });
  const modules = readFileSync(LOADED, 'utf8').split('\n');
  expect(
    modules.some((module) => module.endsWith('/dist/src/cli/main.js')),
    stderr,
  ).toBe(true);
  const packages = modules.flatMap((module) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1] ?? []);
  return [...new Set(packages)].sort();
}

function isAllowed(it: Import): boolean {
  if (!it.specifier.startsWith('.')) return true;
  const [from, to] = roomsOf(it);
  if (from === to) return true;
  return MAY_IMPORT[from]?.includes(to) ?? !MAY_NOT_IMPORT[from]?.includes(to);
}

function roomsOf({ file, specifier }: Import): [from: string, to: string] {
  return [roomOf(file), roomOf(relative(SRC, resolve(SRC, dirname(file), specifier)))];
}

/** `redis/ledger/ledger.ts` → redis, `config.js` → config */
function roomOf(file: string): string {
  return (file.split(sep)[0] ?? '').replace(/\.[jt]sx?$/, '');
}

function tell({ file, line, specifier }: Import): string {
  return `src/${file}:${line} imports ${specifier}`;
}
