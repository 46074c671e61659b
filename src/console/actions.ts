/** What people can do in the console, as the audit calls it. */
import { RESUMED } from '../app/line.js';
import { REPEATED } from '../app/once.js';
import { CONSOLE_ROLES } from '../domain/console-user.js';
import { same, type Words } from '../domain/words.js';

export const ACTIONS = {
  'session.begin': { en: 'logged in', zh: '登录' },
  'session.refused': { en: 'tried to log in with a wrong password', zh: '登录时密码错误' },
  'session.end': { en: 'logged out', zh: '退出登录' },
  'line.pause': { en: 'paused sending', zh: '暂停提交' },
  'line.resume': { en: 'resumed sending', zh: '恢复提交' },
  'nights.add': { en: 'added or changed a nightly run', zh: '新增或修改夜间任务' },
  'nights.remove': { en: 'removed a nightly run', zh: '删除夜间任务' },
  'nights.run': { en: 'ran a nightly run at once', zh: '立即执行夜间任务' },
  'pushes.replay': { en: 'replayed pushes', zh: '重新处理推送' },
  'pushes.match': { en: 'matched a push by hand', zh: '人工匹配推送' },
  'settings.notice': { en: 'sent a test notice', zh: '发送测试通知' },
  'users.add': { en: 'added a user', zh: '添加用户' },
  'users.remove': { en: 'removed a user', zh: '删除用户' },
  'users.password': { en: "changed a user's password", zh: '更换用户密码' },
  'users.role': { en: "changed a user's role", zh: '更改用户角色' },
  'users.sessions': { en: "ended a user's sessions", zh: '结束用户的会话' },
  'sheets.upload': { en: 'uploaded sheets', zh: '上传表格' },
  'sheets.start': { en: 'started sheets', zh: '启动表格' },
  'sheets.remove': { en: 'removed an upload', zh: '删除上传' },
  'merchants.note': { en: 'noted something of a merchant', zh: '添加商户备注' },
  'merchants.retry': { en: 'sent a merchant again', zh: '重新提交商户' },
  'merchants.cancel': { en: 'withdrew a merchant', zh: '撤回商户' },
  'merchants.correct': { en: "corrected a merchant's details", zh: '更正商户信息' },
  'batches.retry': { en: 'sent rows of a batch again', zh: '重新提交批次中的行' },
  'batches.cancel': { en: 'withdrew rows of a batch', zh: '撤回批次中的行' },
} as const satisfies Record<string, Words>;

export type ActionName = keyof typeof ACTIONS;

export const RESULTS = {
  done: { en: 'done', zh: '已完成' },
  refused: { en: 'refused', zh: '被拒绝' },
  failed: { en: 'failed', zh: '出错' },
} as const satisfies Record<string, Words>;

const DETAILS: Readonly<Record<string, Words>> = {
  ...RESUMED,
  ...CONSOLE_ROLES,
  contacted: { en: 'contacted', zh: '已联系' },
  'command line': { en: 'command line', zh: '命令行' },
  [REPEATED]: { en: 'the form was sent again; nothing was done', zh: '表单重复提交，未再执行' },
};

/** What a count in the detail of an action counts, by the page of the action. */
const COUNTED: Readonly<Record<string, (count: string) => Words>> = {
  merchants: (count) => ({ en: `rows: ${count}`, zh: `${count} 行` }),
  batches: (count) => ({ en: `rows: ${count}`, zh: `${count} 行` }),
  sheets: (count) => ({ en: `files: ${count}`, zh: `${count} 个文件` }),
  pushes: (count) => ({ en: `pushes: ${count}`, zh: `${count} 条推送` }),
  users: (count) => ({ en: `sessions: ${count}`, zh: `${count} 个会话` }),
};

/** The detail of an audit entry; ids, and what another version may have written, stay what they are. */
export function detailInWords(action: string, detail: string): Words {
  const parts = detail.split(', ').map((part) => partInWords(action, part));
  return { en: parts.map(({ en }) => en).join(', '), zh: parts.map(({ zh }) => zh).join('，') };
}

function partInWords(action: string, detail: string): Words {
  const counted = /^\d{1,9}$/.test(detail) ? COUNTED[action.split('.')[0] ?? ''] : undefined;
  const known = Object.hasOwn(DETAILS, detail) ? DETAILS[detail] : undefined;
  return counted?.(detail) ?? known ?? same(detail);
}
