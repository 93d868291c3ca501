import type { ServerResponse } from 'node:http';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiProduces, ApiResponse } from '@nestjs/swagger';
import type { RunId } from '@tallystick/kernel';
import {
  LaunchRequest,
  RoundList,
  RoundsQuery,
  RoundView,
  RunList,
  RunView,
} from '@tallystick/protocol';
import { Allow } from '../auth/access.js';
import { Caller, type Principal } from '../auth/principal.js';
import { RunAccess } from '../auth/run-access.js';
import { roundParam, runParam } from '../http/params.js';
import { EventStreams, lastEventId } from './event-streams.js';
import { Launcher } from './launcher.js';
import { assertGoesOn, RunService } from './run-service.js';
import { RunViews } from './run-views.js';

/** Launch, watch, pause and stop runs. */
@Controller('api/v1/runs')
export class RunsController {
  constructor(
    private readonly launcher: Launcher,
    private readonly service: RunService,
    private readonly views: RunViews,
    private readonly streams: EventStreams,
    private readonly access: RunAccess,
  ) {}

  @Post()
  @Allow('run.launch')
  @ApiResponse({ status: 201, standardSchema: RunView })
  async launch(
    @Caller() by: Principal,
    @Body({ schema: LaunchRequest }) request: LaunchRequest,
  ): Promise<RunView> {
    this.service.assertRoom();
    const run = await this.launcher.launch(request, by.id);
    this.service.play(run);
    return this.views.run(run);
  }

  @Get()
  @Allow('run.read')
  @ApiResponse({ status: 200, standardSchema: RunList })
  async list(@Caller() by: Principal): Promise<RunList> {
    return { runs: [...(await this.access.visible(by, await this.views.runs()))] };
  }

  @Get(':run')
  @Allow('run.read')
  @ApiResponse({ status: 200, standardSchema: RunView })
  show(@Param('run', { schema: runParam }) run: RunId): Promise<RunView> {
    return this.views.run(run);
  }

  @Post(':run/stop')
  @Allow('run.control')
  @HttpCode(200)
  @ApiResponse({ status: 200, standardSchema: RunView })
  async stop(
    @Caller() by: Principal,
    @Param('run', { schema: runParam }) run: RunId,
  ): Promise<RunView> {
    assertGoesOn(await this.access.control(by, run));
    await this.service.cancel(run);
    return this.views.run(run);
  }

  @Post(':run/pause')
  @Allow('run.control')
  @HttpCode(200)
  @ApiResponse({ status: 200, standardSchema: RunView })
  async pause(
    @Caller() by: Principal,
    @Param('run', { schema: runParam }) run: RunId,
  ): Promise<RunView> {
    assertGoesOn(await this.access.control(by, run));
    await this.service.pause(run);
    return this.views.run(run);
  }

  @Post(':run/resume')
  @Allow('run.control')
  @HttpCode(200)
  @ApiResponse({ status: 200, standardSchema: RunView })
  async resume(
    @Caller() by: Principal,
    @Param('run', { schema: runParam }) run: RunId,
  ): Promise<RunView> {
    assertGoesOn(await this.access.control(by, run));
    await this.service.goOn(run);
    return this.views.run(run);
  }

  @Get(':run/rounds')
  @Allow('run.read')
  @ApiResponse({ status: 200, standardSchema: RoundList })
  async rounds(
    @Caller() by: Principal,
    @Param('run', { schema: runParam }) run: RunId,
    @Query({ schema: RoundsQuery }) page: RoundsQuery,
  ): Promise<RoundList> {
    const sees = await this.access.nodes(by);
    return { rounds: [...(await this.views.rounds(run, page, sees))] };
  }

  @Get(':run/rounds/:round')
  @Allow('run.read')
  @ApiResponse({ status: 200, standardSchema: RoundView })
  async round(
    @Caller() by: Principal,
    @Param('run', { schema: runParam }) run: RunId,
    @Param('round', { schema: roundParam }) round: number,
  ): Promise<RoundView> {
    return this.views.round({ run, round }, await this.access.nodes(by));
  }

  @Get(':run/events')
  @Allow('run.read')
  @ApiProduces('text/event-stream')
  async events(
    @Caller() by: Principal,
    @Param('run', { schema: runParam }) run: RunId,
    @Headers('last-event-id') last: string | undefined,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const sees = await this.access.nodes(by);
    await this.streams.send(run, { last: lastEventId(last), sees, response });
  }
}
