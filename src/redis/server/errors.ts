/**
 * Faults of a Redis, in words for its operator, and how an error of the client is recognised.
 */
import { stateOfRedis } from '../../domain/ledger-errors.js';
import { same, UserError, type Words } from '../../domain/words.js';

/** Redis cannot be reached, found or started: exit status 5. */
export class RedisUnreachable extends UserError {
  override readonly name: string = 'RedisUnreachable';
}

/** No server answers there now, but one may answer later: a process with other work can wait. */
export class RedisUnavailable extends RedisUnreachable {}

/** The Redis would lose registrations: exit status 2. */
export class RedisMisconfigured extends UserError {
  override readonly name: string = 'RedisMisconfigured';
}

const CLOSED = /ECONNRESET|EPIPE|closed the connection/;

const CAUSES: readonly (readonly [RegExp, Words])[] = [
  [
    /ECONNREFUSED/,
    {
      en: 'nothing listens there. Start the server, or correct REDIS_URL',
      zh: '该地址没有服务在运行。请启动 Redis，或更正 REDIS_URL',
    },
  ],
  [
    /ENOENT/,
    {
      en: 'there is no such socket. Start the server, or correct REDIS_URL',
      zh: '套接字文件不存在。请启动 Redis，或更正 REDIS_URL',
    },
  ],
  [
    /EACCES|EPERM/,
    {
      en: 'permission denied. Run as a user who may open the socket',
      zh: '没有权限。请使用有权打开该套接字的用户运行',
    },
  ],
  [
    /ENOTFOUND|EAI_AGAIN/,
    { en: 'the host name is not known. Correct REDIS_URL', zh: '无法解析主机名。请更正 REDIS_URL' },
  ],
  [
    /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    {
      en: 'no answer. Look at the network and the firewall, or correct REDIS_URL; rediss:// is for a port that speaks TLS',
      zh: '没有应答。请检查网络和防火墙，或更正 REDIS_URL；rediss:// 只用于支持 TLS 的端口',
    },
  ],
  [
    /NOAUTH|WRONGPASS|invalid password/i,
    {
      en: 'the user name or password is missing or wrong. Put it into REDIS_URL',
      zh: '缺少用户名或密码，或不正确。请写入 REDIS_URL',
    },
  ],
  [
    /DB index is out of range|invalid DB index/,
    {
      en: 'it has no database of this number. Correct the number in REDIS_URL',
      zh: 'Redis 没有此编号的数据库。请更正 REDIS_URL 中的编号',
    },
  ],
  [
    /Protocol error/,
    {
      en: 'what listens there is no Redis. Correct REDIS_URL',
      zh: '该端口上的服务不是 Redis。请更正 REDIS_URL',
    },
  ],
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_UNTRUSTED/,
    {
      en:
        'its certificate is not signed by a CA that this machine trusts. If the CA is your own, set ' +
        'NODE_EXTRA_CA_CERTS=/path/to/ca.pem in the environment (in .env it comes too late)',
      zh: '其证书不是由本机信任的 CA 签发。如使用自建 CA，请在环境变量中设置 NODE_EXTRA_CA_CERTS=/path/to/ca.pem（写在 .env 中无效）',
    },
  ],
  [
    /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    {
      en: 'its certificate is not valid today. Renew it there, or set the clock of this machine',
      zh: '其证书不在有效期内。请更新证书，或校准本机时间',
    },
  ],
  [
    /ALTNAME_INVALID/,
    {
      en: 'its certificate is for another host. Write a name into REDIS_URL that the certificate has, or have one made for this name',
      zh: '其证书属于其他主机名。请在 REDIS_URL 中使用证书上的主机名，或为此主机名签发证书',
    },
  ],
  [
    /ALERT_CERTIFICATE_REQUIRED/,
    {
      en: 'it asks for a certificate of ours, and there is none. Set tls-auth-clients no or optional there; a password proves who we are',
      zh: '它要求客户端证书，而我们没有。请在该 Redis 设置 tls-auth-clients 为 no 或 optional，改用密码认证',
    },
  ],
  [
    /certificate|SSL|TLS/i,
    {
      en: 'the TLS handshake failed. Use rediss:// only where the server speaks TLS with a valid certificate',
      zh: 'TLS 握手失败。rediss:// 只用于具有有效证书的 TLS 服务',
    },
  ],
  [
    CLOSED,
    {
      en: 'it closed the connection. If that port speaks TLS, write rediss:// in REDIS_URL; else look at what the server logs',
      zh: '连接被对方关闭。如该端口使用 TLS，请在 REDIS_URL 中写 rediss://；否则请查看 Redis 的日志',
    },
  ],
  [
    /not ready in time|Socket timeout|Command timed out/,
    {
      en: 'it takes connections and does not answer. It may be reading its data; look at what it logs',
      zh: '能连接但没有应答，可能正在载入数据。请查看其日志',
    },
  ],
];

/**
 * Errors of a server that is down, starting or moving, or of a proxy whose server is away. The name of a stopped container
 * cannot be resolved, either. If a password, a certificate or a permission is wrong, a person has to fix it first.
 */
const AWAY =
  /ECONNREFUSED|ENOENT|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNRESET|EPIPE|closed the connection|not ready in time|Socket timeout|Command timed out|Failed to refresh slots cache/;

/**
 * TLS 1.3 reports a missing certificate only after the handshake. If we have already sent data, the system sometimes drops the
 * alert, and the only symptom is a closed connection.
 */
const CLOSED_AFTER_HANDSHAKE: Words = {
  en: 'it closed the connection after the TLS handshake. If it asks for a certificate of ours, set tls-auth-clients no or optional there; else look at what the server logs',
  zh: 'TLS 握手后连接被对方关闭。如该 Redis 要求客户端证书，请设置 tls-auth-clients 为 no 或 optional；否则请查看其日志',
};

export function whyUnreachable(cause: unknown, isTls: boolean): Words {
  const { message } = cause as Error;
  const text = textOf(cause);
  if (isTls && CLOSED.test(text) && !/certificate|SSL|TLS/i.test(text)) return CLOSED_AFTER_HANDSHAKE;
  return CAUSES.find(([pattern]) => pattern.test(text))?.[1] ?? same(message);
}

export function isAway(cause: unknown): boolean {
  return AWAY.test(textOf(cause));
}

function textOf(cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return `${code} ${message}`;
}

const FREE_MEMORY: Words = {
  en: 'Raise maxmemory there, or give that Redis more memory',
  zh: '请调高该 Redis 的 maxmemory，或增加内存',
};
const FIND_PRIMARY: Words = {
  en: 'Point REDIS_URL at the primary; after a failover, wait until there is one',
  zh: '请将 REDIS_URL 指向主节点；如正在故障切换，请等待其完成',
};
const READ_ITS_LOG: Words = { en: 'Read the log of that Redis', zh: '请查看该 Redis 的日志' };
const WAIT_FOR_IT: Words = { en: 'Wait until it is done', zh: '请等待其完成' };

/** By the word with which Redis begins its error (domain/ledger-errors.ts). */
const STEPS: Readonly<Record<string, Words>> = {
  OOM: FREE_MEMORY,
  NOREPLICAS: {
    en: 'Bring its replicas back, or lower min-replicas-to-write there',
    zh: '请恢复其副本，或调低该 Redis 的 min-replicas-to-write',
  },
  READONLY: FIND_PRIMARY,
  MASTERDOWN: FIND_PRIMARY,
  MISCONF: {
    en: 'Its disk is full or may not be written: make room there, and read its log',
    zh: '其磁盘已满或不可写：请清理空间，并查看其日志',
  },
  NOPERM: {
    en: 'Give the user of REDIS_URL the rights that docs/redis.md names',
    zh: '请给 REDIS_URL 中的用户授予 docs/redis.md 所列的权限',
  },
  LOADING: WAIT_FOR_IT,
  BUSY: WAIT_FOR_IT,
};

/** A Redis that answers and refuses a command for the state that it is in; undefined: it is another error. Exit status 5. */
export function unableRedis(error: unknown): RedisUnreachable | undefined {
  const known = stateOfRedis(error);
  if (known === undefined) return undefined;
  const step = STEPS[known.state] ?? READ_ITS_LOG;
  const said = known.said.replace(/\.$/, '');
  return new RedisUnreachable(
    {
      en: `Redis is reached and refuses the command: ${said}. ${step.en}.`,
      zh: `可以连接 Redis，但它拒绝了命令：${said}。${step.zh}。`,
    },
    { cause: error },
  );
}

export function unreachable(what: Words, cause: unknown): RedisUnreachable {
  const { message } = cause as Error;
  return new RedisUnreachable({ en: `${what.en}: ${message}.`, zh: `${what.zh}：${message}。` }, { cause });
}
