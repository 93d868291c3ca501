import type { IncomingMessage } from 'node:http';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { isTallyError } from '@tallystick/kernel';
import { catchError, concatMap, from, map, type Observable } from 'rxjs';
import { clientAddress } from '../client-address.js';
import { type Mark, PERMISSION_KEY } from './access.js';
import { isSafe } from '@tallystick/kernel/node';
import { ActLog, objectOf } from './act-log.js';
import { principalOf } from './principal.js';

/** Writes down every act of a person, a token or the operator that changes something, and what came of it. */
@Injectable()
export class ActInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly log: ActLog,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const places = [context.getHandler(), context.getClass()];
    const mark = this.reflector.getAllAndOverride<Mark | undefined>(PERMISSION_KEY, places);
    const by = principalOf(request);
    if (by === undefined || by.kind === 'node' || mark === undefined || mark === 'public') {
      return next.handle();
    }
    if (isSafe(request)) return next.handle();
    const write = (outcome: string, object = objectOf(request)): Promise<void> =>
      this.log.add(by, { act: mark, object, outcome, address: clientAddress(request) });
    return next.handle().pipe(
      concatMap((value) =>
        from(write('done', objectOf(request) + madeBy(value))).pipe(map((): unknown => value)),
      ),
      catchError(async (error: unknown) => {
        await write(isTallyError(error) ? error.code : 'INTERNAL');
        throw error;
      }),
    );
  }
}

/** What a creation made: the number of a run, the id of a user or token. */
function madeBy(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  const id: unknown = 'run' in value ? value.run : 'id' in value ? value.id : undefined;
  return typeof id === 'string' || typeof id === 'number' ? ` → ${id}` : '';
}
