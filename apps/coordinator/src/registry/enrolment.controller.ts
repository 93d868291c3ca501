import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import {
  InviteRequest,
  InviteView,
  JoinRequest,
  NodeView,
  PreparedJoin,
  PrepareJoinRequest,
} from '@tallystick/protocol';
import { Allow, Public } from '../auth/access.js';
import { Enrolment } from './enrolment.js';

/** How organisations and nodes come in. The two join routes take the invite's secret instead of a bearer token. */
@Controller('api/v1')
export class EnrolmentController {
  constructor(private readonly enrolment: Enrolment) {}

  @Post('invites')
  @Allow('node.invite')
  @ApiResponse({ status: 201, standardSchema: InviteView })
  invite(
    @Body({ schema: InviteRequest }) { organisation, payout }: InviteRequest,
  ): Promise<InviteView> {
    return this.enrolment.invite(organisation, payout);
  }

  @Post('nodes/prepare')
  @Public()
  @HttpCode(200)
  @ApiResponse({ status: 200, standardSchema: PreparedJoin })
  prepare(
    @Body({ schema: PrepareJoinRequest }) request: PrepareJoinRequest,
  ): Promise<PreparedJoin> {
    return this.enrolment.prepare(request);
  }

  @Post('nodes')
  @Public()
  @ApiResponse({ status: 201, standardSchema: NodeView })
  join(@Body({ schema: JoinRequest }) request: JoinRequest): Promise<NodeView> {
    return this.enrolment.join(request);
  }
}
