import type { Words } from '../../domain/words.js';

export interface Finding {
  /** Its machine name; `CHECKS` has the words. */
  readonly check: Check;
  readonly verdict: 'ok' | 'warning' | 'fault';
  readonly says: Words;
  /** What to do; absent where all is well. */
  readonly todo?: Words;
}

/** What is checked, as `--json` and people name it. */
export const CHECKS = {
  settings: { en: 'settings', zh: '配置' },
  home: { en: 'home', zh: '私有数据文件夹' },
  Redis: { en: 'Redis', zh: 'Redis' },
  ledger: { en: 'ledger', zh: '登记簿' },
  writes: { en: 'writes', zh: '写入' },
  persistence: { en: 'persistence', zh: '持久化' },
  eviction: { en: 'eviction', zh: '内存淘汰' },
  worker: { en: 'worker', zh: '工作进程' },
  receiver: { en: 'receiver', zh: '接收服务' },
  scheduler: { en: 'scheduler', zh: '夜间任务' },
  versions: { en: 'versions', zh: '版本' },
  notices: { en: 'notices', zh: '通知' },
  WeChat: { en: 'WeChat', zh: '微信' },
  clock: { en: 'clock', zh: '时钟' },
  'clock of Redis': { en: 'clock of Redis', zh: 'Redis 时钟' },
  addresses: { en: 'addresses', zh: '地址' },
  line: { en: 'line', zh: '提交' },
  'quota day': { en: 'quota day', zh: '额度日' },
  'registration API': { en: 'registration API', zh: '注册接口' },
  'API of the workers': { en: 'API of the workers', zh: '工作进程的注册接口' },
  'contact phone': { en: 'contact phone', zh: '客服电话' },
  'permission sets': { en: 'permission sets', zh: '权限集' },
  'verify ticket': { en: 'verify ticket', zh: '票据' },
  'access token': { en: 'access token', zh: '令牌' },
  quota: { en: 'quota', zh: '额度' },
} as const satisfies Record<string, Words>;

export type Check = keyof typeof CHECKS;

export const VERDICTS: Readonly<Record<Finding['verdict'], Words>> = {
  ok: { en: 'ok', zh: '正常' },
  warning: { en: 'warning', zh: '警告' },
  fault: { en: 'fault', zh: '故障' },
};
