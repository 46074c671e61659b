/** Texts for people and log lines are not mutated: their wording is not behaviour. */
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

const LANGUAGES = new Set(['en', 'zh']);
const LOGGERS = new Set(['debug', 'info', 'warn', 'error', 'fatal']);

function isText({ node }) {
  return node.type === 'ObjectProperty' && LANGUAGES.has(node.key.name);
}

function isLogLine({ node }) {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false;
  const { object, property } = node.callee;
  return LOGGERS.has(property.name) && (object.name ?? object.property?.name) === 'log';
}

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'words', {
    shouldIgnore(path) {
      if (isText(path)) return 'a text for people';
      return isLogLine(path) ? 'a log line' : undefined;
    },
  }),
];
