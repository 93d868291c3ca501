import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { asNodeId, asRunId, type RunId, TallyError } from '@tallystick/kernel';
import { beforeEach, describe, expect, it } from 'vitest';
import { nodePrincipal, OPERATOR, type Principal, setPrincipal } from './principal.js';
import { RunAccess } from './run-access.js';
import { RunGuard } from './run-guard.js';
import { permissionsOf } from './permissions.js';

const OWN = asRunId(1);
const FOREIGN = asRunId(2);
const SITE: Principal = {
  kind: 'user',
  id: 'a',
  name: 'a',
  role: 'site',
  organisation: 'clinic',
  permissions: permissionsOf('site'),
};

describe('RunGuard', () => {
  let guard: RunGuard;
  beforeEach(() => {
    const sight = {
      takesPart: (organisation: string, run: RunId) =>
        Promise.resolve(organisation === 'clinic' && run === OWN),
    };
    const rows = {
      get: (run: RunId) =>
        run === OWN || run === FOREIGN
          ? Promise.resolve({})
          : Promise.reject(new TallyError('USAGE_UNKNOWN_RUN', { run })),
    };
    // Only these methods are asked.
    guard = new RunGuard(new RunAccess(rows as never, sight as never));
  });

  function ask(params: Readonly<Record<string, string>>, by?: Principal): Promise<boolean> {
    const request = Object.assign(new IncomingMessage(new Socket()), { params });
    if (by !== undefined) setPrincipal(request, by);
    return guard.canActivate(new ExecutionContextHost([request]));
  }

  it('lets a site to its own runs, and hides the others as if they were not there', async () => {
    expect(await ask({ run: '1' }, SITE)).toBe(true);
    for (const run of ['2', '3']) {
      await expect(ask({ run }, SITE)).rejects.toMatchObject({ code: 'USAGE_UNKNOWN_RUN' });
    }
    await expect(ask({ run: '1' }, { ...SITE, organisation: 'other' })).rejects.toThrow('run 1');
  });

  it('lets the operator and nodes to every run', async () => {
    expect(await ask({ run: '2' }, OPERATOR)).toBe(true);
    expect(await ask({ run: '2' }, nodePrincipal(asNodeId(0)))).toBe(true);
  });

  it('refuses nobody’s request and what is no number, and has no say elsewhere', async () => {
    await expect(ask({ run: '1' })).rejects.toMatchObject({ code: 'AUTH_REQUIRED' });
    for (const run of ['x', '-1', '1.5', '4294967296', '0x1g']) {
      await expect(ask({ run }, SITE)).rejects.toMatchObject({ code: 'USAGE_INVALID' });
    }
    expect(await ask({ sha256: 'ab' })).toBe(true);
  });
});
