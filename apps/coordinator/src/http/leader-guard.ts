import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Leader } from '../leader.js';

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A standby answers reads, and nothing else: NET_STANDBY names the leader. */
@Injectable()
export class LeaderGuard implements CanActivate {
  constructor(private readonly leader: Leader) {}

  canActivate(context: ExecutionContext): boolean {
    const { method = 'GET' } = context.switchToHttp().getRequest<IncomingMessage>();
    if (!READS.has(method) && !this.leader.leads) throw this.leader.standby();
    return true;
  }
}
