/**
 * Every command: its name, options and help, loaded when it is called or when help lists it. What it does is imported when it runs:
 * help and the answer to a wrong flag need no Redis client and no server.
 */
import type { Command } from 'commander';

export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  template: async () => (await import('./commands/template.js')).templateCommand(),
  check: async () => (await import('./commands/check.js')).checkCommand(),
  load: async () => (await import('./commands/load.js')).loadCommand(),
  run: async () => (await import('./commands/run.js')).runCommand(),
  work: async () => (await import('./commands/work.js')).workCommand(),
  listen: async () => (await import('./commands/listen.js')).listenCommand(),
  serve: async () => (await import('./commands/serve.js')).serveCommand(),
  status: async () => (await import('./commands/status.js')).statusCommand(),
  reconcile: async () => (await import('./commands/reconcile.js')).reconcileCommand(),
  batches: async () => (await import('./commands/batches.js')).batchesCommand(),
  report: async () => (await import('./commands/report.js')).reportCommand(),
  todo: async () => (await import('./commands/todo.js')).todoCommand(),
  find: async () => (await import('./commands/find.js')).findCommand(),
  links: async () => (await import('./commands/links.js')).linksCommand(),
  explain: async () => (await import('./commands/explain.js')).explainCommand(),
  retry: async () => (await import('./commands/retry-cancel.js')).retryCommand(),
  cancel: async () => (await import('./commands/retry-cancel.js')).cancelCommand(),
  correct: async () => (await import('./commands/correct.js')).correctCommand(),
  note: async () => (await import('./commands/note.js')).noteCommand(),
  pause: async () => (await import('./commands/line.js')).pauseCommand(),
  resume: async () => (await import('./commands/line.js')).resumeCommand(),
  users: async () => (await import('./commands/users.js')).usersCommand(),
  notify: async () => (await import('./commands/notify.js')).notifyCommand(),
  schedule: async () => (await import('./commands/schedule.js')).scheduleCommand(),
  pushes: async () => (await import('./commands/pushes.js')).pushesCommand(),
  tokens: async () => (await import('./commands/tokens.js')).tokensCommand(),
  ledger: async () => (await import('./commands/ledger.js')).ledgerCommand(),
  purge: async () => (await import('./commands/purge.js')).purgeCommand(),
  simulate: async () => (await import('./commands/simulate.js')).simulateCommand(),
  doctor: async () => (await import('./commands/doctor.js')).doctorCommand(),
  demo: async () => (await import('./commands/demo.js')).demoCommand(),
};
