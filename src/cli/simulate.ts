import type { Command } from 'commander';
import { FATES, readFate } from '../../simulator/fates.js';
import { REHEARSAL_CREDENTIALS } from '../../simulator/options.js';
import { startSimulator } from '../../simulator/simulator.js';
import { TRIES_OF_A_RETRY } from '../domain/limits.js';
import { DEFAULT_PATIENCE, parseDuration, WAIT_SETTINGS } from '../domain/patience.js';
import { command, EXIT, perform, UsageError } from './command.js';
import { aborted, onInterruption, print, say, table } from './terminal.js';

interface Options {
  readonly port: string;
  readonly host: string;
  readonly speed: string;
  readonly seed: string;
  readonly mix?: string;
  readonly simulatedDailyCalls?: string;
  readonly simulatedDayBegins?: string;
  readonly retired?: true;
  readonly fates?: true;
}

export function simulateCommand(): Command {
  return command(
    'simulate',
    'The WeChat simulator as a server of its own, to rehearse a batch on. Its README lists the fates of rows.',
    'fastregister simulate --speed 1440   # a day a minute; then set WECHAT_API_BASE_URL to what it prints',
  )
    .option('--host <HOST>', 'address to listen on', '127.0.0.1')
    .option('--port <PORT>', 'port to listen on', '8490')
    .option('--speed <N>', 'simulated seconds per second', '1')
    .option('--seed <N>', 'of the mix', '1')
    .option('--mix <FATE=WEIGHT,...>', 'fates of rows that name none, e.g. ok=80,p100003=15,p103=5')
    .option('--simulated-daily-calls <N>', "the simulator's own daily quota")
    .option('--simulated-day-begins <DURATION>', 'how long after midnight in Beijing its day begins, e.g. 2s')
    .option('--retired', 'the first registration API answers -1, as since 2026-04-30')
    .option('--fates', 'list the fates and end')
    .action(async (options: Options, made: Command) =>
      perform(made, {}, async ({ settings }) => {
        if (options.fates) {
          await print(`${table(FATES.map(({ word, example, does }) => [word, example, does]))}\n`);
          return EXIT.done;
        }
        const interruption = onInterruption();
        const { eventsHost, eventsPort, eventsPath } = settings;
        const speed = positive('--speed', options.speed);
        const simulator = await startSimulator({
          host: options.host,
          port: wholeNumber('--port', options.port, 65_535),
          speed,
          seed: wholeNumber('--seed', options.seed, Number.MAX_SAFE_INTEGER),
          // Our own clock does not run faster: what has to be exchanged in ten minutes lives ten minutes.
          credentialsFrom: 'real',
          componentAppid: settings.wechatComponentAppid ?? REHEARSAL_CREDENTIALS.componentAppid,
          componentAppsecret: settings.wechatComponentAppsecret ?? REHEARSAL_CREDENTIALS.componentAppsecret,
          messageToken: settings.wechatMessageToken ?? REHEARSAL_CREDENTIALS.messageToken,
          encodingAesKey: settings.wechatEncodingAesKey ?? REHEARSAL_CREDENTIALS.encodingAesKey,
          pushUrl: `http://${eventsHost}:${eventsPort}${eventsPath}`,
          retired: options.retired === true,
          ...(options.mix !== undefined && { mix: mixFrom(options.mix) }),
          ...(options.simulatedDailyCalls !== undefined && {
            dailyCalls: positive('--simulated-daily-calls', options.simulatedDailyCalls),
          }),
          ...(options.simulatedDayBegins !== undefined && {
            dayBegins: duration('--simulated-day-begins', options.simulatedDayBegins),
          }),
          log: say,
        }).catch((error: Error) => {
          if ((error.cause as NodeJS.ErrnoException | undefined)?.code !== 'EADDRINUSE') throw error;
          const where = `${options.host}:${options.port}`;
          throw new UsageError(`${where} is in use: another program listens there. Choose another one with --port.`);
        });
        await print(`${environment(simulator.url, speed, settings.wechatComponentAppid !== undefined)}\n`);
        say('The simulator listens; stop it with Ctrl-C.');
        await aborted(interruption.signal);
        await simulator.close();
        return EXIT.done;
      }),
    );
}

/** What to put into the environment of `fastregister run`, or into .env, to rehearse. */
function environment(url: string, speed: number, hasOwnPlatform: boolean): string {
  const address = `WECHAT_API_BASE_URL=${url}`;
  if (hasOwnPlatform) return address;
  // Invented appids have no place among the real ones, and waits of a day end when the simulated day does.
  const waits = (
    [
      'retryFirstMs',
      'probeFirstMs',
      'probeMaxMs',
      'lostRecheckMs',
      'busyWaitMs',
      'pushWaitMs',
      'pushRecheckMs',
      'giveUpMs',
    ] as const
  ).map((wait) => `${WAIT_SETTINGS[wait].name}=${Math.ceil(DEFAULT_PATIENCE[wait] / speed)}ms`);
  return [
    address,
    'FASTREGISTER_HOME=.fastregister/rehearsal',
    'FASTREGISTER_LEDGER=rehearsal',
    ...(speed > 1 ? waits : []),
    // More tries of a Weixin ID would wait for the next day, which no speed brings about.
    ...(speed > 1 ? [`${WAIT_SETTINGS.retryLimit.name}=${TRIES_OF_A_RETRY}`] : []),
    `WECHAT_COMPONENT_APPID=${REHEARSAL_CREDENTIALS.componentAppid}`,
    `WECHAT_COMPONENT_APPSECRET=${REHEARSAL_CREDENTIALS.componentAppsecret}`,
    `WECHAT_MESSAGE_TOKEN=${REHEARSAL_CREDENTIALS.messageToken}`,
    `WECHAT_ENCODING_AES_KEY=${REHEARSAL_CREDENTIALS.encodingAesKey}`,
  ].join('\n');
}

function mixFrom(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [fate = '', weight = ''] = part.split('=');
      if (readFate(fate) === undefined) {
        throw new UsageError(`--mix ${part}: "${fate}" is no fate; \`fastregister simulate --fates\` lists them.`);
      }
      if (!isPositive(weight)) {
        throw new UsageError(`--mix ${part}: write a weight above 0 behind each fate, such as ok=80,p103=5.`);
      }
      return [fate, Number(weight)];
    }),
  );
}

function duration(flag: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (cause) {
    throw new UsageError(`${flag} ${(cause as Error).message}.`);
  }
}

function positive(flag: string, text: string): number {
  if (isPositive(text)) return Number(text);
  throw new UsageError(`${flag} ${text}: write a number above 0.`);
}

function isPositive(text: string): boolean {
  return Number(text) > 0 && Number.isFinite(Number(text));
}

function wholeNumber(flag: string, text: string, greatest: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= greatest) return number;
  throw new UsageError(`${flag} ${text}: write a whole number from 0 to ${greatest}.`);
}
