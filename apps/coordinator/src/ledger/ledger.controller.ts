import { Controller, Get } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { LedgerView } from '@tallystick/protocol';
import { Allow } from '../auth/access.js';
import { LedgerViews } from './ledger-views.js';

/** Where the coordinator stands with its chain. */
@Controller('api/v1/ledger')
export class LedgerController {
  constructor(private readonly views: LedgerViews) {}

  @Get()
  @Allow('run.read')
  @ApiResponse({ status: 200, standardSchema: LedgerView })
  view(): Promise<LedgerView> {
    return this.views.view();
  }
}
