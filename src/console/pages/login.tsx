import { counted, type Language, type Words } from '../../domain/words.js';
import { LanguageSwitch } from '../layout.js';

export const LOGIN = {
  title: { en: 'Log in', zh: '登录' },
  username: { en: 'User', zh: '用户名' },
  password: { en: 'Password', zh: '密码' },
  wrong: { en: 'The user or the password is wrong.', zh: '用户名或密码不正确。' },
  ended: {
    en: 'Your session has ended. What you sent was not done and is not kept: log in, and do it again on the page that follows.',
    zh: '会话已结束，刚才的操作未执行，填写的内容也未保存。请登录，然后在随后打开的页面上重新操作。',
  },
  busy: {
    en: 'Too many others are logging in at this moment. Try again in a few seconds.',
    zh: '当前尝试登录的人过多，请几秒后重试。',
  },
  wait: (minutes: number): Words => ({
    en: `Too many wrong passwords. Try again in ${counted(minutes, 'minute')}.`,
    zh: `密码错误次数过多，请在 ${minutes} 分钟后重试。`,
  }),
} as const;

interface Props {
  readonly language: Language;
  readonly csrf: string;
  readonly to: string;
  /** A form was sent after the end of its session. */
  readonly ended?: boolean;
  readonly name?: string;
  readonly fault?: string;
}

export function LoginForm({ language, csrf, to, ended, name, fault }: Props) {
  return (
    <>
      <form class="login" method="post" action="/login">
        <input type="hidden" name="csrf" value={csrf} />
        <input type="hidden" name="to" value={to} />
        {ended && (
          <p class="fault" role="alert">
            {LOGIN.ended[language]}
          </p>
        )}
        {fault !== undefined && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <label>
          <span>{LOGIN.username[language]}</span>
          <input name="username" value={name} required maxlength={40} autocomplete="username" autocapitalize="none" />
        </label>
        <label>
          <span>{LOGIN.password[language]}</span>
          <input name="password" type="password" required maxlength={200} autocomplete="current-password" />
        </label>
        <button type="submit" class="main">
          {LOGIN.title[language]}
        </button>
      </form>
      <LanguageSwitch
        language={language}
        csrf={csrf}
        to={`/login?${ended ? 'ended=1&' : ''}to=${encodeURIComponent(to)}`}
      />
    </>
  );
}
