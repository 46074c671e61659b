/** Invented merchants, and what has to become of each. */

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

/** Fates by how many of a hundred merchants have them (simulator/README.md). */
const FATES = [
  ['ok', 78],
  ['p101', 8],
  ['cutafter', 4],
  ['r1', 5],
  ['c61070', 5],
];

function creditCode(number) {
  const first = `91990000TE5T${String(number).padStart(5, '0')}`;
  const sum = [...first].reduce((total, it, at) => total + ALPHABET.indexOf(it) * (3 ** at % 31), 0);
  return first + ALPHABET[(31 - (sum % 31)) % 31];
}

function fateOf(number) {
  let at = (number * 37) % 100;
  for (const [fate, share] of FATES) {
    at -= share;
    if (at < 0) return fate;
  }
  return 'ok';
}

export function merchants(from, count) {
  return Array.from({ length: count }, (_, n) => ({
    code: creditCode(from + n),
    fate: fateOf(from + n),
    number: from + n,
  }));
}

export function sheet(rows) {
  const lines = rows.map(
    ({ code, fate, number }) =>
      `虚构商户${number}号（fate-${fate}）有限公司,${code},1,weixin_m${number},虚构人,05920000000`,
  );
  return `name,code,code_type,legal_persona_wechat,legal_persona_name,component_phone\n${lines.join('\n')}\n`;
}

/** What the report has to say where the simulator saw this of the merchant; undefined: it was never asked, or WeChat has pushed nothing. */
function trueOutcome({ tasks }) {
  const ended = tasks.filter(({ stage, pushes }) => stage !== 'running' && pushes.results > 0);
  if (ended.length === 0) return undefined;
  return ended.some(({ stage }) => stage === 'created') ? 'created' : 'rejected';
}

/** WeChat refused it in its answer. Whether that answer arrived the simulator cannot see: on a busy machine a worker gives up before. */
function refusedAtOnce({ answers }, outcome) {
  return answers[61070] > 0 && outcome !== 'needs_review' ? 'rejected' : undefined;
}

/** A second create is one too many, unless the first was answered that nothing was begun (89247). */
function isAskedTwice({ creates, answers }) {
  return creates - (answers[89247] ?? 0) > 1;
}

/**
 * What went wrong, merchant by merchant. `outcomes`: of the report, by code. `resent`: their link was lost and their task over, so
 * that WeChat has asked nobody; the simulator's legal persons confirm without a link, those of WeChat cannot.
 */
export function verdict(all, seen, outcomes, resent) {
  const found = { duplicates: [], lost: [], stuck: [], review: [], absent: [] };
  for (const { code, fate } of all) {
    const [merchant, outcome] = [seen[code], outcomes.get(code)];
    const what = { code, fate, outcome, ...merchant };
    if (outcome === undefined) found.absent.push(what);
    else if (outcome === 'pending') found.stuck.push(what);
    else if (outcome === 'needs_review') found.review.push(what);
    if (merchant === undefined || resent.has(code)) continue;
    if (isAskedTwice(merchant)) found.duplicates.push(what);
    const wanted = trueOutcome(merchant) ?? refusedAtOnce(merchant, outcome);
    if (wanted !== undefined && outcome !== wanted && outcome !== 'pending') found.lost.push(what);
  }
  return found;
}
