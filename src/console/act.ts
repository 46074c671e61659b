/** An action of a user: form, token, role, and its entry in the audit. */
import { UserError } from '../domain/words.js';
import type { ConsoleAudit } from '../redis/console-audit.js';
import type { Access } from './access.js';
import { type Answers, notYours, stalePage } from './answers.js';
import type { ConsoleContext } from './bindings.js';
import { fieldText, formOf } from './form.js';
import { isCsrfToken, StaleForm } from './guard.js';
import type { ActionRoute, ConsoleAnswer, Visit } from './visit.js';
import { WORDS } from './words.js';

interface ActOptions {
  readonly access: Access;
  readonly answers: Answers;
  readonly audit: ConsoleAudit;
}

export async function act(
  { access, answers, audit }: ActOptions,
  c: ConsoleContext,
  route: ActionRoute,
): Promise<Response> {
  const visit = await access.visitOf(c);
  if (visit === undefined) return access.toLogin(c);
  const form = route.body === 'own' ? new FormData() : await formOf(c);
  if (form === undefined)
    return answers.shown(c, visit, { title: WORDS.refused, body: visit.say(WORDS.tooLarge), status: 400 });
  const isGenuine = (csrf: string): boolean => isCsrfToken(csrf, visit.token);
  if (route.body !== 'own' && !isGenuine(String(form.get('csrf') ?? ''))) {
    return answers.shown(c, visit, stalePage(visit.language));
  }
  if (!visit.may(route.needs)) return answers.shown(c, visit, notYours(visit));
  return answers.answered(c, visit, () => actAudited(audit, route, visit, form, isGenuine));
}

async function actAudited(
  audit: ConsoleAudit,
  route: ActionRoute,
  visit: Visit,
  form: FormData,
  isGenuine: (csrf: string) => boolean,
): Promise<ConsoleAnswer> {
  let about: { subject: string; detail: string } = { subject: '', detail: '' };
  const written = async (result: 'done' | 'refused' | 'failed'): Promise<void> => {
    if (route.action === undefined) return;
    await audit.add({ at: Date.now(), user: visit.user, action: route.action, result, ...about });
  };
  try {
    const answer = await route.act({
      ...visit,
      form: Object.fromEntries([...form.keys()].map((name) => [name, fieldText(form.get(name))])),
      all: (field) => form.getAll(field).map(fieldText),
      note: (subject, detail = '') => {
        about = { subject, detail };
      },
      isGenuine,
    });
    await written('done');
    return answer;
  } catch (error) {
    if (error instanceof StaleForm) return stalePage(visit.language);
    await written(error instanceof UserError ? 'refused' : 'failed');
    throw error;
  }
}
