import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { RunId } from '@tallystick/kernel';
import { HeaderList, RoundEvidence, VoidList } from '@tallystick/protocol';
import { Allow, ForNodes } from '../auth/access.js';
import { roundParam, runParam } from '../http/params.js';
import { Evidence } from './evidence.js';
import { HeadersQuery } from './headers-query.js';

/** What auditors and nodes need to recompute a run. */
@Controller('api/v1/runs')
export class EvidenceController {
  constructor(private readonly evidence: Evidence) {}

  @Get(':run/rounds/:round/evidence')
  @Allow('evidence.read')
  @ForNodes()
  @ApiResponse({ status: 200, standardSchema: RoundEvidence })
  round(
    @Param('run', { schema: runParam }) run: RunId,
    @Param('round', { schema: roundParam }) round: number,
  ): Promise<RoundEvidence> {
    return this.evidence.round(run, round);
  }

  @Get(':run/voids')
  @Allow('evidence.read')
  @ForNodes()
  @ApiResponse({ status: 200, standardSchema: VoidList })
  async voids(@Param('run', { schema: runParam }) run: RunId): Promise<VoidList> {
    return { voids: await this.evidence.voids(run) };
  }

  @Get(':run/headers')
  @Allow('evidence.read')
  @ForNodes()
  @ApiResponse({ status: 200, standardSchema: HeaderList })
  async headers(
    @Param('run', { schema: runParam }) run: RunId,
    @Query({ schema: HeadersQuery }) { from, limit }: HeadersQuery,
  ): Promise<HeaderList> {
    return { headers: await this.evidence.headers(run, from, limit) };
  }
}
