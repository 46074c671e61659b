/** What the console says on several pages; a page's own words stand in its file. */
import type { Words } from '../domain/words.js';

export const WORDS = {
  rehearsal: {
    en: 'Rehearsal: nothing here reaches WeChat.',
    zh: '演练：此处的操作不会提交到微信。',
  },
  search: { en: 'Search merchants', zh: '搜索商户' },
  searchHint: { en: 'name, code, phone, Weixin ID', zh: '名称、代码、电话、微信号' },
  logOut: { en: 'Log out', zh: '退出' },
  menu: { en: 'Menu', zh: '菜单' },
  skip: { en: 'Skip to the content', zh: '跳到正文' },
  interrupted: {
    en: 'Redis cannot be reached. This page shows what was known last, and goes on by itself.',
    zh: '无法连接 Redis。页面显示的是最后一次的数据，恢复后会自动更新。',
  },
  disconnected: {
    en: 'The connection to the console is lost. This page shows what was known last, and goes on by itself.',
    zh: '与控制台的连接已断开。页面显示的是最后一次的数据，恢复后会自动更新。',
  },
  unsent: {
    en: 'Not sent. What you typed stays here: press again when the page goes on.',
    zh: '尚未发送。已填写的内容会保留，页面恢复后请再次点击。',
  },
  first: { en: 'First page', zh: '首页' },
  next: { en: 'Next', zh: '下一页' },
  cancel: { en: 'Cancel', zh: '取消' },
  filter: { en: 'Filter', zh: '筛选' },
  all: { en: 'all', zh: '全部' },
  none: { en: 'None.', zh: '无。' },
  rows: { en: 'rows', zh: '行' },
  notFound: { en: 'Not found', zh: '未找到' },
  noSuchPage: { en: 'There is no such page.', zh: '没有此页面。' },
  refused: { en: 'Not done', zh: '未执行' },
  forbidden: { en: 'Not allowed', zh: '无权限' },
  notYours: {
    en: 'Your role does not allow this. Ask an admin of the console.',
    zh: '您的角色无此权限，请联系控制台管理员。',
  },
  stale: {
    en: 'This form is no longer valid: the page is old, or it was sent from another site. Nothing was done; open the page again.',
    zh: '表单已失效：页面过旧，或来自其他网站。未执行任何操作，请重新打开页面。',
  },
  cutShort: {
    en: 'The search was cut short by an error. Search again.',
    zh: '查找因出错中断，请重新查找。',
  },
  tooLarge: { en: 'The form is too large. Nothing was done.', zh: '表单内容过大，未执行任何操作。' },
  closed: { en: 'The console is closed', zh: '控制台未开放' },
  howToOpen: {
    en: 'Set FASTREGISTER_CONSOLE_PASSWORD, or add a user: fastregister users add NAME --role admin',
    zh: '请设置 FASTREGISTER_CONSOLE_PASSWORD，或添加用户：fastregister users add 用户名 --role admin',
  },
  failed: { en: 'An error of fastregister', zh: 'fastregister 出错' },
  seeLog: { en: 'It is in the log of this process.', zh: '详情见本进程的日志。' },
  redisAway: { en: 'Redis cannot be reached', zh: '无法连接 Redis' },
  redisRefuses: { en: 'Redis is reached and refuses commands', zh: '可以连接 Redis，但它拒绝执行命令' },
  redisSlow: { en: 'Redis does not answer in time', zh: 'Redis 未及时应答' },
  askDoctor: {
    en: 'On the server, fastregister doctor says why, and what to do.',
    zh: '在服务器上运行 fastregister doctor 可查看原因和处理办法。',
  },
  tryLater: {
    en: 'The page looks again every five seconds, and works when Redis is back.',
    zh: '页面每五秒自动重试，Redis 恢复后即可使用。',
  },
} as const satisfies Record<string, Words>;

/** Buttons that do what a command does, by the command. */
export const BUTTONS = {
  resume: { en: 'Resume', zh: '恢复提交' },
  doctor: { en: 'Check now', zh: '立即检查' },
  retry: { en: 'Send again', zh: '重新提交' },
  cancel: { en: 'Withdraw', zh: '撤回' },
  correct: { en: 'Correct and send again', zh: '更正并重新提交' },
} as const satisfies Record<string, Words>;

/** Between a word and what it is about. */
export const COLON: Words = { en: ': ', zh: '：' };

/** The navigation, in groups. A line is shown once there is a page at its path, and to those who may see it. */
export const NAVIGATION = [
  [
    { path: '/', words: { en: 'Today', zh: '今日' } },
    { path: '/sheets/new', words: { en: 'New sheet', zh: '上传表格' } },
    { path: '/batches', words: { en: 'Batches', zh: '批次' } },
    { path: '/todo', words: { en: 'To contact', zh: '待联系' } },
    { path: '/merchants', words: { en: 'Merchants', zh: '商户' } },
  ],
  [
    { path: '/nights', words: { en: 'Nights', zh: '夜间任务' } },
    { path: '/pushes', words: { en: 'Pushes', zh: '推送' } },
    { path: '/line', words: { en: 'Sending', zh: '提交控制' } },
  ],
  [
    { path: '/settings', words: { en: 'Settings', zh: '配置' } },
    { path: '/users', words: { en: 'Users', zh: '用户' } },
    { path: '/audit', words: { en: 'Audit', zh: '操作记录' } },
    { path: '/queues', words: { en: 'Queues', zh: '队列' } },
  ],
] as const satisfies readonly (readonly { readonly path: string; readonly words: Words }[])[];
