/** `demo --console`: the console beside the demo, and everything that serves once its batch is over. */
import type { Simulator } from '../../simulator/simulator.js';
import { newPassword } from '../app/console-users.js';
import { startListening } from '../app/wiring/listening.js';
import { startNights } from '../app/wiring/nights.js';
import type { Part } from '../app/wiring/part.js';
import { startSending } from '../app/wiring/sending.js';
import type { Store } from '../app/wiring/store.js';
import { startConsoleOf } from '../console/start.js';
import { BUILT_IN_USER } from '../domain/console-user.js';
import { PortUnavailable } from '../http/port.js';
import type { Settings } from '../settings.js';
import { say } from './terminal.js';

/** Host and port are those of this machine's settings; the password is another one each time. */
export function demoConsoleSettings({ consoleHost, consolePort }: Settings): Record<string, string> {
  return {
    FASTREGISTER_CONSOLE_HOST: consoleHost,
    FASTREGISTER_CONSOLE_PORT: String(consolePort),
    FASTREGISTER_CONSOLE_PASSWORD: newPassword(),
  };
}

/** @param mayMove the port is the default: where it is in use, any free one is taken */
export async function startDemoConsole(store: Store, mayMove: boolean): Promise<Part> {
  const console = await startConsoleOf(store).catch((error: unknown) => {
    if (!mayMove || !(error instanceof PortUnavailable) || error.code !== 'EADDRINUSE') throw error;
    return startConsoleOf({ ...store, settings: { ...store.settings, consolePort: 0 } });
  });
  const { consoleHost, consolePassword } = store.settings;
  const address = `http://${consoleHost.includes(':') ? `[${consoleHost}]` : consoleHost}:${console.port}`;
  say({
    en: `\nThe console: ${address}\n  user      ${BUILT_IN_USER}\n  password  ${consolePassword}\n`,
    zh: `\n控制台：${address}\n  用户名  ${BUILT_IN_USER}\n  密码    ${consolePassword}\n`,
  });
  return console;
}

/** Sends and receives whatever is loaded in the console. */
export async function serveDemo(store: Store, simulator: Simulator): Promise<Part> {
  const listening = await startListening(store);
  simulator.setPushUrl(`http://127.0.0.1:${listening.port}${store.settings.eventsPath}`);
  const parts = [listening, await startSending(store), await startNights(store)];
  say({
    en: '\nThe console stays open, and what is loaded there is sent to the simulator. Ctrl-C ends it and deletes its data.',
    zh: '\n控制台保持开放，在其中导入的表格会提交到模拟器。按 Ctrl-C 结束，并删除其数据。',
  });
  return {
    async close() {
      await Promise.all(parts.map((part) => part.close()));
    },
  };
}
