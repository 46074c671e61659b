/** Every command, loaded when it is called: what the others need costs neither its time nor its memory. */
import type { Command } from 'commander';

export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  template: async () => (await import('./template.js')).templateCommand(),
  check: async () => (await import('./check.js')).checkCommand(),
  load: async () => (await import('./load.js')).loadCommand(),
  run: async () => (await import('./run.js')).runCommand(),
  work: async () => (await import('./work.js')).workCommand(),
  listen: async () => (await import('./listen.js')).listenCommand(),
  serve: async () => (await import('./serve.js')).serveCommand(),
  status: async () => (await import('./status.js')).statusCommand(),
  reconcile: async () => (await import('./reconcile.js')).reconcileCommand(),
  batches: async () => (await import('./batches.js')).batchesCommand(),
  report: async () => (await import('./report.js')).reportCommand(),
  links: async () => (await import('./links.js')).linksCommand(),
  explain: async () => (await import('./explain.js')).explainCommand(),
  retry: async () => (await import('./asking.js')).retryCommand(),
  cancel: async () => (await import('./asking.js')).cancelCommand(),
  pause: async () => (await import('./line.js')).pauseCommand(),
  resume: async () => (await import('./line.js')).resumeCommand(),
  schedule: async () => (await import('./schedule.js')).scheduleCommand(),
  pushes: async () => (await import('./pushes.js')).pushesCommand(),
  tokens: async () => (await import('./tokens.js')).tokensCommand(),
  purge: async () => (await import('./purge.js')).purgeCommand(),
  simulate: async () => (await import('./simulate.js')).simulateCommand(),
  doctor: async () => (await import('./doctor.js')).doctorCommand(),
  demo: async () => (await import('./demo.js')).demoCommand(),
};
