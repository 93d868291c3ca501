import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { TallyError } from '@tallystick/kernel';
import { runParam } from '../http/params.js';
import { principalOf } from './principal.js';
import { RunAccess } from './run-access.js';

/** A request after routing. */
interface Routed extends IncomingMessage {
  readonly params?: Readonly<Record<string, unknown>>;
}

/**
 * Every route with `:run` in its path is of that run: whoever does not see the run gets USAGE_UNKNOWN_RUN, as if it were not
 * there. No route has to ask for it. Runs after AccessGuard, which says who asks.
 */
@Injectable()
export class RunGuard implements CanActivate {
  constructor(private readonly access: RunAccess) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Routed>();
    const text = request.params?.['run'];
    if (text === undefined) return true;
    const by = principalOf(request);
    if (by === undefined) throw new TallyError('AUTH_REQUIRED');
    const run = runParam.safeParse(text);
    if (!run.success) {
      throw new TallyError('USAGE_INVALID', { detail: 'a run is a number', where: 'run' });
    }
    await this.access.see(by, run.data);
    return true;
  }
}
