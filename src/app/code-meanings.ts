import { PROBLEMS, problemNextStep, problemReason } from '../domain/problems.js';
import { FACTS } from '../domain/registration.js';
import type { ACTORS, Words } from '../domain/words.js';
import { troubleOf } from '../reporter/sentences.js';
import { INTERNAL_PROBLEMS } from '../reporter/troubles.js';
import { explain as explainAnswer, SOURCES } from '../wechat/answers.js';

/** What a code of WeChat, of a sheet or of ours means and calls for. */
export interface Meaning {
  readonly problem: string;
  readonly reason: Words;
  readonly next_step: Words;
  readonly who_acts: keyof typeof ACTORS;
  readonly source?: Words;
  /** What fastregister does with it. */
  readonly fact?: Words;
}

/** `create:61070`, `89249`, `sheet:code_length`: none where we do not know it, several where it depends on the call. */
export function meaningsOf(code: string): Meaning[] {
  const own = ownMeaning(code) ?? ownMeaning(`authorize:${code}`);
  if (own !== undefined) return [own];
  const sheet = code.startsWith('sheet:') ? code : `sheet:${code}`;
  if (Object.hasOwn(PROBLEMS, sheet)) {
    const problem = { code: sheet };
    return [
      {
        problem: sheet,
        reason: problemReason(problem),
        next_step: problemNextStep(problem),
        who_acts: PROBLEMS[sheet as keyof typeof PROBLEMS].who,
      },
    ];
  }
  return explainAnswer(code).map(({ problem, answer }) => ({
    problem,
    reason: { en: answer.en, zh: answer.zh },
    next_step: answer.nextStep,
    who_acts: answer.acts,
    source: SOURCES[answer.source],
    fact: { en: FACTS[answer.fact].en, zh: FACTS[answer.fact].zh },
  }));
}

/** Of what no table of WeChat's answers has: our own words, and what it answers to the exchange of an authorization code. */
function ownMeaning(problem: string): Meaning | undefined {
  const own =
    Object.hasOwn(INTERNAL_PROBLEMS, problem) || problem.startsWith('token:') ? troubleOf(problem) : undefined;
  return own && { problem, reason: own, next_step: own.nextStep, who_acts: own.acts };
}
