import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { type RunId, TallyError } from '@tallystick/kernel';
import { EpochList, RewardList } from '@tallystick/protocol';
import { Allow, ForNodes } from '../auth/access.js';
import { Caller, type Principal } from '../auth/principal.js';
import { RunAccess } from '../auth/run-access.js';
import { runParam } from '../http/params.js';
import { SETTLEMENT_LEASE } from '../persistence/fence.js';
import { Leader } from '../leader.js';
import { RunRows } from '../persistence/run-rows.js';
import { RewardViews } from './reward-views.js';

/** What runs pay, and their end. */
@Controller('api/v1/runs')
export class SettlementController {
  constructor(
    private readonly views: RewardViews,
    private readonly runs: RunRows,
    private readonly leader: Leader,
    private readonly access: RunAccess,
  ) {}

  @Get(':run/epochs')
  @Allow('reward.read')
  @ForNodes()
  @ApiResponse({ status: 200, standardSchema: EpochList })
  epochs(@Param('run', { schema: runParam }) run: RunId): Promise<EpochList> {
    return this.views.epochs(run);
  }

  @Get(':run/rewards')
  @Allow('reward.read')
  @ForNodes()
  @ApiResponse({ status: 200, standardSchema: RewardList })
  async rewards(
    @Caller() by: Principal,
    @Param('run', { schema: runParam }) run: RunId,
  ): Promise<RewardList> {
    return this.views.rewards(run, await this.access.accounts(by));
  }

  /** The run is closed, and the rest of its pot goes back, as soon as nothing of it is pending. */
  @Post(':run/close')
  @Allow('run.close')
  @HttpCode(202)
  @ApiResponse({ status: 202, standardSchema: RewardList })
  async close(
    @Caller() by: Principal,
    @Param('run', { schema: runParam }) run: RunId,
  ): Promise<RewardList> {
    const { endedAt } = await this.access.control(by, run);
    if (endedAt === null) {
      throw new TallyError('USAGE_INVALID', { detail: `run ${run} has not ended; stop it first` });
    }
    await this.runs.requestClose(run, { name: SETTLEMENT_LEASE, epoch: this.leader.epoch });
    return this.views.rewards(run, await this.access.accounts(by));
  }
}
