import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { typed } from '../support/command-line.js';
import { rehearse } from '../support/rehearsal.js';

test.each([['work', '--drain'], ['listen'], ['serve', '--only', 'work']])(
  '%s ends with 2 and names FASTREGISTER_HOME and what to do, and doctor has a line for it',
  async (...args) => {
    const { home, env } = await rehearse();
    // Permissions do not bind the superuser, whom a file in place of the folder does.
    rmSync(join(home, 'journal'), { recursive: true, force: true });
    writeFileSync(join(home, 'journal'), '');

    const { status, stderr } = await typed(args, { env });
    expect(stderr).toMatch(/FASTREGISTER_HOME \(.+\) cannot be written: .+ let this user write there/);
    expect(status).toBe(2);
    const doctor = await typed(['doctor', '--json'], { env });
    expect(JSON.parse(doctor.stdout)).toContainEqual(
      expect.objectContaining({ check: 'home', verdict: 'fault', says: expect.stringContaining(home) }),
    );

    rmSync(join(home, 'journal'));
    mkdirSync(join(home, 'journal'));
    const now = await typed(['doctor', '--json'], { env });
    expect(JSON.parse(now.stdout)).toContainEqual({ check: 'home', verdict: 'ok', says: home });
  },
);
