import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { RunId } from '@tallystick/kernel';
import {
  CurvesQuery,
  EstimateRequest,
  EstimateView,
  GridQuery,
  MembersQuery,
  RoundMembers,
  RunCurves,
  RunGrid,
} from '@tallystick/protocol';
import { Allow } from '../auth/access.js';
import { Caller, type Principal } from '../auth/principal.js';
import { RunAccess } from '../auth/run-access.js';
import { Sessions } from '../fleet/sessions.js';
import { roundParam, runParam } from '../http/params.js';
import { FigureRows } from '../persistence/figure-rows.js';
import { NodeDirectory } from '../registry/node-directory.js';
import { estimate } from './estimate.js';
import { FigureViews } from './figure-views.js';

/** Numbers of runs for people: curves, who did what in which round, what a run would cost. */
@Controller('api/v1/runs')
export class FiguresController {
  constructor(
    private readonly views: FigureViews,
    private readonly figures: FigureRows,
    private readonly directory: NodeDirectory,
    private readonly sessions: Sessions,
    private readonly access: RunAccess,
  ) {}

  @Post('estimate')
  @HttpCode(200)
  @Allow('run.launch')
  @ApiResponse({ status: 200, standardSchema: EstimateView })
  async estimate(
    @Body({ schema: EstimateRequest }) { spec }: EstimateRequest,
  ): Promise<EstimateView> {
    const nodes = await this.directory.views((node) => this.sessions.find(node)?.seenAtMs);
    return estimate(spec, { figures: this.figures, nodes });
  }

  @Get(':run/curves')
  @Allow('run.read')
  @ApiResponse({ status: 200, standardSchema: RunCurves })
  async curves(
    @Caller() by: Principal,
    @Param('run', { schema: runParam }) run: RunId,
    @Query({ schema: CurvesQuery }) { from, limit, metric }: CurvesQuery,
  ): Promise<RunCurves> {
    return this.views.curves({ run, from, limit }, await this.access.nodes(by), metric);
  }

  @Get(':run/grid')
  @Allow('run.read')
  @ApiResponse({ status: 200, standardSchema: RunGrid })
  async grid(
    @Caller() by: Principal,
    @Param('run', { schema: runParam }) run: RunId,
    @Query({ schema: GridQuery }) { from, limit }: GridQuery,
  ): Promise<RunGrid> {
    return this.views.grid({ run, from, limit }, await this.access.nodes(by));
  }

  @Get(':run/rounds/:round/members')
  @Allow('run.read')
  @ApiResponse({ status: 200, standardSchema: RoundMembers })
  async members(
    @Caller() by: Principal,
    @Param('run', { schema: runParam }) run: RunId,
    @Param('round', { schema: roundParam }) round: number,
    @Query({ schema: MembersQuery }) page: MembersQuery,
  ): Promise<RoundMembers> {
    return this.views.members({ run, round }, await this.access.nodes(by), page);
  }
}
