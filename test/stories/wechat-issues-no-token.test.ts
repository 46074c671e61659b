import { expect, test } from 'vitest';
import type { Finding } from '../../src/app/doctor/finding.js';
import { doctorCommand } from '../../src/cli/commands/doctor.js';
import { statusCommand } from '../../src/cli/commands/status.js';
import { run } from '../support/command-line.js';
import { merchant } from '../support/merchants.js';
import { rehearse } from '../support/rehearsal.js';
import { until } from '../support/until.js';

const TOKEN = '/cgi-bin/component/api_component_token';

test.each([
  [45009, /used up for today/, /WECHAT_COMPONENT_ACCESS_TOKEN_URL/],
  [40001, /credentials/, /WECHAT_COMPONENT_APPSECRET/],
])(
  '%d: status and doctor name the cause; one process asks again after the pause, and at once after `resume`',
  async (code, cause, todo) => {
    const story = await rehearse({ settings: { FASTREGISTER_TOKEN_RETRY: '1h' } });
    const asked = () => story.simulator.state().calls[TOKEN]?.['']?.[code] ?? 0;
    const isNoted = async () => (await story.book.calls.waitNoted())?.refusal !== undefined;
    story.simulator.setFaults({ component_token: code });
    await story.book.load('b1', [merchant(1), merchant(2), merchant(3)]);
    await story.start();
    await Promise.all([story.startSending(), story.startSending()]);
    await until('the refusal is noted', isNoted);

    const env = story.env;
    const said = (await run(statusCommand, [], env)).stdout;
    expect(said).toMatch(cause);
    expect(said).toMatch(todo);
    expect(said).toContain(`WeChat said: ${code} `);
    const { stdout, status } = await run(doctorCommand, ['--json'], { ...env, FASTREGISTER_TOKEN_RETRY: '1h' });
    const token = (JSON.parse(stdout) as Finding[]).find(({ check }) => check === 'access token');
    expect(token).toMatchObject({ verdict: 'fault', says: expect.stringMatching(cause) });
    expect(token?.todo).toMatch(todo);
    expect(status).toBe(4);
    // Three workers and a doctor, and one question.
    expect(asked()).toBe(1);
    expect(await story.book.calls.line()).toBeUndefined();

    await story.book.calls.resumeLine();
    await until('it is asked at once', () => asked() === 2);
    // `resume` ends a wait that has begun; this one begins when the answer is noted.
    await until('the second refusal is noted', isNoted);
    story.simulator.clearFaults();
    await story.book.calls.resumeLine();
    await story.settled('b1');
    expect(await story.book.batches.counts('b1')).toEqual({ created: 3 });
  },
);

test('it goes on by itself when WeChat issues tokens again', async () => {
  const story = await rehearse({ settings: { FASTREGISTER_TOKEN_RETRY: '200ms' } });
  story.simulator.setFaults({ component_token: 45009, times: 2 });
  await story.book.load('b1', [merchant(1)]);
  await story.start();
  await story.settled('b1');
  expect(story.simulator.state().calls[TOKEN]?.['']).toEqual({ 45009: 2, 0: 1 });
  expect(await story.book.batches.counts('b1')).toEqual({ created: 1 });
});
