/**
 * Why a push cannot be read, for people. Logs have the English sentence; it names no value of the push, and neither does the
 * Chinese one.
 */
import type { Words } from '../domain/words.js';

// biome-ignore format: one line, one reason
const CHINESE: readonly (readonly [english: RegExp, chinese: string])[] = [
  // Its envelope
  [/^no EncodingAESKey is set$/, '未设置 EncodingAESKey'],
  [/^the push is for another platform: its appid is not ours$/, '推送属于另一个平台：AppID 不是本平台的'],
  [/^the URL lacks timestamp, nonce or msg_signature$/, '地址中缺少 timestamp、nonce 或 msg_signature'],
  [/^the body has no single <Encrypt> of Base64; pushes are always encrypted$/, '正文中没有唯一的 <Encrypt>（Base64）；推送总是加密的'],
  [/^msg_signature does not fit any of our tokens$/, 'msg_signature 与所有已设的消息校验 Token 都不符'],
  [/^<Encrypt> is not Base64$/, '<Encrypt> 不是 Base64'],
  [/^<Encrypt> holds (\d+) bytes, which is not a multiple of (\d+)$/, '<Encrypt> 有 $1 字节，不是 $2 的倍数'],
  [/^the padding is wrong: the key does not fit, or bytes were changed$/, '填充有误：密钥不符，或内容被改动'],
  [/^the plain text is shorter than its own head$/, '解密后的内容过短'],
  [/^the message claims to be longer than what was sent$/, '消息所称的长度超过实际内容'],
  [/^the appid behind the message is not UTF-8$/, '消息末尾的 AppID 不是 UTF-8'],
  // Its XML
  [/^it has (\d+) characters; (\d+) are allowed$/, '共 $1 个字符，最多 $2 个'],
  [/^it declares a document type or entities, which no push does$/, '含有文档类型或实体声明，推送中不应出现'],
  [/^it is not XML \((\w+) in line (\d+)\)$/, '不是 XML（第 $2 行，$1）'],
  [/^it has more than one outermost element$/, '最外层有多个元素'],
  [/^it is nested deeper than (\d+) or uses a reserved name$/, '嵌套超过 $1 层，或使用了保留名称'],
  [/^its outermost element is not <xml>$/, '最外层不是 <xml>'],
  // What it says
  [/^it has more than one <info>$/, '有多个 <info>'],
  [/^it has no <(\w+)>$/, '没有 <$1>'],
  [/^<(\w+)> holds further elements instead of text$/, '<$1> 中是元素，不是文字'],
  [/^<(\w+)> is given twice, with different values$/, '<$1> 出现两次，且内容不同'],
];

export function unreadableInWords(detail: string): Words {
  const [english, chinese] = CHINESE.find(([pattern]) => pattern.test(detail)) ?? [];
  return { en: detail, zh: english === undefined ? detail : detail.replace(english, chinese ?? detail) };
}
