import { expect, test, vi } from 'vitest';
import type { Store } from '../../src/app/wiring/store.js';
import { runNightHere } from '../../src/cli/night-run.js';
import type { Night } from '../../src/domain/night.js';
import type { NightPlan } from '../../src/nights/night.js';

test('a night that lost its inbox without a signal says that it stood still, and that another one may have the inbox', async () => {
  const said: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const night = { ending: 'interrupted', files: [], rejected: [] } as Partial<Night> as Night;
  const plan = { inbox: '/srv/inbox', language: 'en' } as NightPlan;
  const status = await runNightHere({} as Store, plan, async () => ({ night, counts: {}, needing: 0 }));
  write.mockRestore();
  expect(status).toBe(1);
  expect(said.join('')).toContain('another night may have taken the inbox');
  expect(said.join('')).not.toContain('Interrupted');
});
