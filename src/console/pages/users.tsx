/** Users of the console: who they are, what they may do, and their passwords. */
import {
  addUser,
  changePassword,
  changeRole,
  endSessions,
  type ListedUser,
  listUsers,
  removeUser,
} from '../../app/console-users.js';
import { RequestError } from '../../app/request-error.js';
import { BUILT_IN_USER, CONSOLE_ROLE_NAMES, CONSOLE_ROLES } from '../../domain/console-user.js';
import type { Words } from '../../domain/words.js';
import { Confirm } from '../components/confirm.js';
import { Choice, FormField } from '../components/field.js';
import { DataTable } from '../components/table.js';
import { Csrf } from '../layout.js';
import type { Route, View, Visit } from '../visit.js';

const WORDS = {
  title: { en: 'Users', zh: '用户' },
  name: { en: 'User', zh: '用户名' },
  role: { en: 'Role', zh: '角色' },
  password: { en: 'Password', zh: '密码' },
  newPassword: { en: 'New password', zh: '新密码' },
  passwordRule: { en: 'At least 10 characters.', zh: '至少 10 个字符。' },
  added: { en: 'Added', zh: '添加' },
  sessions: { en: 'Sessions', zh: '会话' },
  actions: { en: 'Actions', zh: '操作' },
  add: { en: 'Add a user', zh: '添加用户' },
  addIt: { en: 'Add', zh: '添加' },
  change: { en: 'Change', zh: '更改' },
  remove: { en: 'Remove', zh: '删除' },
  endSessions: { en: 'End sessions', zh: '结束会话' },
  none: { en: 'No user yet.', zh: '还没有用户。' },
  builtIn: {
    en: `The built-in user ${BUILT_IN_USER} logs in with FASTREGISTER_CONSOLE_PASSWORD.`,
    zh: `内置用户 ${BUILT_IN_USER} 使用 FASTREGISTER_CONSOLE_PASSWORD 登录。`,
  },
  rights: {
    en: 'A viewer looks and downloads. An operator also uploads, starts, sends again, withdraws, corrects, pauses and resumes, and notes. An admin also manages users, nights, queues and pushes.',
    zh: '查看员：查看和下载。操作员：另可上传、启动、重新提交、撤回、更正、暂停和恢复、备注。管理员：另可管理用户、夜间任务、队列和推送。',
  },
  self: { en: 'You cannot remove yourself. Ask another admin.', zh: '不能删除自己，请由其他管理员操作。' },
} as const satisfies Record<string, Words>;

export const usersRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/users',
    needs: 'admin',
    async show(visit) {
      const users = await listUsers(visit.store);
      return { title: WORDS.title, body: <Users visit={visit} users={users} /> };
    },
  },
  {
    method: 'POST',
    path: '/users/add',
    needs: 'admin',
    action: 'users.add',
    async act({ store, form, user, note }) {
      const name = (form.name ?? '').trim().normalize('NFKC');
      note(name, form.role);
      await addUser(store, { name, role: form.role ?? '', password: form.password ?? '' }, user);
      return { to: '/users', said: { en: `Added: ${name}.`, zh: `已添加：${name}。` } };
    },
  },
  {
    method: 'POST',
    path: '/users/role',
    needs: 'admin',
    action: 'users.role',
    async act({ store, form, note }) {
      const { name = '', role = '' } = form;
      note(name, role);
      await changeRole(store, name, role);
      return { to: '/users', said: { en: `${name} has another role.`, zh: `已更改 ${name} 的角色。` } };
    },
  },
  {
    method: 'POST',
    path: '/users/password',
    needs: 'admin',
    action: 'users.password',
    async act({ store, form, note }) {
      const { name = '', password = '' } = form;
      note(name);
      await changePassword(store, name, password);
      return { to: '/users', said: { en: `${name} has a new password.`, zh: `已更换 ${name} 的密码。` } };
    },
  },
  {
    method: 'POST',
    path: '/users/sessions',
    needs: 'admin',
    action: 'users.sessions',
    async act({ store, form, note }) {
      const { name = '' } = form;
      const count = await endSessions(store, name);
      note(name, String(count));
      return {
        to: '/users',
        said: { en: `Sessions of ${name} that were ended: ${count}.`, zh: `已结束 ${name} 的 ${count} 个会话。` },
      };
    },
  },
  {
    method: 'POST',
    path: '/users/remove',
    needs: 'admin',
    action: 'users.remove',
    async act({ store, form, user, note }) {
      const { name = '' } = form;
      note(name);
      if (name === user) throw new RequestError('refused', WORDS.self);
      await removeUser(store, name);
      return { to: '/users', said: { en: `Removed: ${name}.`, zh: `已删除：${name}。` } };
    },
  },
];

const roles = (view: View) => CONSOLE_ROLE_NAMES.map((value) => ({ value, words: view.say(CONSOLE_ROLES[value]) }));

function Users({ visit, users }: { visit: Visit; users: readonly ListedUser[] }) {
  return (
    <>
      <div class="heading">
        <h1>{visit.say(WORDS.title)}</h1>
        <Confirm
          visit={visit}
          id="add"
          label={visit.say(WORDS.add)}
          title={visit.say(WORDS.add)}
          action="/users/add"
          does={visit.say(WORDS.addIt)}
        >
          <FormField label={visit.say(WORDS.name)} name="name" required maxlength={40} autocomplete="off" />
          <Choice label={visit.say(WORDS.role)} name="role" choices={roles(visit)} />
          <Password visit={visit} />
        </Confirm>
      </div>
      <p class="under">{visit.say(WORDS.rights)}</p>
      <DataTable
        caption={visit.say(WORDS.title)}
        rows={users}
        empty={visit.say(WORDS.none)}
        columns={[
          { heading: visit.say(WORDS.name), look: 'wide', cell: ({ name }) => <bdi>{name}</bdi> },
          { heading: visit.say(WORDS.role), cell: (user) => <Role visit={visit} user={user} /> },
          { heading: visit.say(WORDS.sessions), look: 'number', cell: ({ sessions }) => visit.number(sessions) },
          {
            heading: visit.say(WORDS.added),
            cell: ({ addedAt, addedBy }) => (
              <>
                {visit.time(addedAt)} <small>{addedBy}</small>
              </>
            ),
          },
          { heading: visit.say(WORDS.actions), cell: (user) => <Actions visit={visit} user={user} /> },
        ]}
      />
      {visit.store.settings.consolePassword !== undefined && <p class="under">{visit.say(WORDS.builtIn)}</p>}
    </>
  );
}

function Role({ visit, user: { name, role } }: { visit: Visit; user: ListedUser }) {
  return (
    <form method="post" action="/users/role" class="inline">
      <Csrf of={visit} />
      <input type="hidden" name="name" value={name} />
      <select name="role" aria-label={`${visit.say(WORDS.role)} ${name}`}>
        {roles(visit).map(({ value, words }) => (
          <option value={value} selected={value === role}>
            {words}
          </option>
        ))}
      </select>
      <button type="submit" class="quiet">
        {visit.say(WORDS.change)}
      </button>
    </form>
  );
}

function Actions({ visit, user: { name } }: { visit: Visit; user: ListedUser }) {
  const asked = { visit, label: '', title: '', action: '', does: '' };
  const hidden = <input type="hidden" name="name" value={name} />;
  const password = visit.say(WORDS.newPassword);
  const [end, remove] = [visit.say(WORDS.endSessions), visit.say(WORDS.remove)];
  return (
    <div class="buttons">
      <Confirm
        {...asked}
        id={`password-${name}`}
        label={password}
        title={`${password}: ${name}`}
        action="/users/password"
        does={visit.say(WORDS.change)}
      >
        {hidden}
        <Password visit={visit} />
      </Confirm>
      <Confirm {...asked} id={`end-${name}`} label={end} title={`${end}: ${name}`} action="/users/sessions" does={end}>
        {hidden}
      </Confirm>
      <Confirm
        {...asked}
        id={`remove-${name}`}
        label={remove}
        title={`${remove}: ${name}`}
        action="/users/remove"
        does={remove}
        isDangerous
      >
        {hidden}
      </Confirm>
    </div>
  );
}

function Password({ visit }: { visit: Visit }) {
  return (
    <FormField
      label={visit.say(WORDS.password)}
      name="password"
      type="password"
      required
      maxlength={200}
      autocomplete="new-password"
      hint={visit.say(WORDS.passwordRule)}
    />
  );
}
