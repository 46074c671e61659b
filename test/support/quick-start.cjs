/**
 * Starts the program of its own folder, a bundle (bundle.ts), from code that V8 has kept there: compiling what a command loads is
 * half of what a process of a test costs. Node 20 keeps no compiled code itself. With KEEP_CODE the process keeps it at its end.
 */
const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { basename, dirname, join } = require('node:path');
const { cachedDataVersionTag } = require('node:v8');
const { constants, Script } = require('node:vm');

const keeps = process.env.KEEP_CODE !== undefined;
const compiled = [];

/** Of this version of V8, with the flags that it has at this moment: a command may set some (src/cli/v8-flags.ts). */
const keptFileOf = (file) => join(__dirname, `code-${cachedDataVersionTag()}`, basename(file));

function keptCodeOf(file) {
  try {
    return readFileSync(keptFileOf(file));
  } catch {
    return undefined;
  }
}

const compile = Module.prototype._compile;
Module.prototype._compile = function (content, file) {
  if (dirname(file) !== __dirname) return compile.call(this, content, file);
  const script = new Script(Module.wrap(content), {
    filename: file,
    cachedData: keptCodeOf(file),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (keeps) compiled.push([file, script]);
  const require = (id) => this.require(id);
  return script.runInThisContext().call(this.exports, this.exports, require, this, file, __dirname);
};

if (keeps) {
  process.once('exit', () => {
    for (const name of readdirSync(__dirname)) if (name.endsWith('.js')) require(`./${name}`);
    for (const [file, script] of compiled) {
      mkdirSync(dirname(keptFileOf(file)), { recursive: true });
      writeFileSync(keptFileOf(file), script.createCachedData());
    }
  });
}

process.argv[1] = join(__dirname, 'main.js');
require('./main.js');
