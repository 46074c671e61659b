import { counted, type Language, type Words } from '../../domain/words.js';
import { LanguageSwitch } from '../layout.js';

export const LOGIN = {
  title: { en: 'Log in', zh: '登录' },
  username: { en: 'User', zh: '用户名' },
  password: { en: 'Password', zh: '密码' },
  wrong: { en: 'The user or the password is wrong.', zh: '用户名或密码不正确。' },
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
  readonly name?: string;
  readonly fault?: string;
}

export function LoginForm({ language, csrf, to, name, fault }: Props) {
  return (
    <>
      <form class="login" method="post" action="/login">
        <input type="hidden" name="csrf" value={csrf} />
        <input type="hidden" name="to" value={to} />
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
      <LanguageSwitch language={language} csrf={csrf} to={`/login?to=${encodeURIComponent(to)}`} />
    </>
  );
}
