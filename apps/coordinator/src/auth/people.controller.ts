import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
} from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import {
  ActList,
  ActsQuery,
  ChangeUserRequest,
  GroupRequest,
  NewTokenRequest,
  NewTokenView,
  NewUserRequest,
  PeopleView,
  SessionList,
  TokenList,
  UserView,
} from '@tallystick/protocol';
import { Allow } from './access.js';
import { ActLog } from './act-log.js';
import { People } from './people.js';
import { Caller, type Principal } from './principal.js';

/** Users, groups, sessions, tokens, and the log of what they did. */
@Controller('api/v1')
export class PeopleController {
  constructor(
    private readonly people: People,
    private readonly log: ActLog,
  ) {}

  @Get('people')
  @Allow('people.manage')
  @ApiResponse({ status: 200, standardSchema: PeopleView })
  list(@Caller() by: Principal): Promise<PeopleView> {
    return this.people.view(by);
  }

  @Post('people')
  @Allow('people.manage')
  @ApiResponse({ status: 201, standardSchema: UserView })
  add(@Body({ schema: NewUserRequest }) request: NewUserRequest): Promise<UserView> {
    return this.people.add(request);
  }

  @Patch('people/:id')
  @Allow('people.manage')
  @ApiResponse({ status: 200, standardSchema: UserView })
  change(
    @Param('id') id: string,
    @Body({ schema: ChangeUserRequest }) request: ChangeUserRequest,
  ): Promise<UserView> {
    return this.people.change(id, request);
  }

  @Put('groups/:group')
  @Allow('people.manage')
  @HttpCode(204)
  putGroup(
    @Param('group') group: string,
    @Body({ schema: GroupRequest }) request: GroupRequest,
  ): Promise<void> {
    return this.people.putGroup(group, request);
  }

  @Delete('groups/:group')
  @Allow('people.manage')
  @HttpCode(204)
  removeGroup(@Param('group') group: string): Promise<void> {
    return this.people.removeGroup(group);
  }

  @Get('sessions')
  @Allow('self')
  @ApiResponse({ status: 200, standardSchema: SessionList })
  async sessions(@Caller() by: Principal): Promise<SessionList> {
    return { sessions: await this.people.ownSessions(by) };
  }

  @Delete('sessions/:id')
  @Allow('self')
  @HttpCode(204)
  endSession(@Caller() by: Principal, @Param('id') id: string): Promise<void> {
    return this.people.endSession(by, id);
  }

  @Post('tokens')
  @Allow('self')
  @ApiResponse({ status: 201, standardSchema: NewTokenView })
  addToken(
    @Caller() by: Principal,
    @Body({ schema: NewTokenRequest }) request: NewTokenRequest,
  ): Promise<NewTokenView> {
    return this.people.addToken(by, request);
  }

  @Get('tokens')
  @Allow('self')
  @ApiResponse({ status: 200, standardSchema: TokenList })
  async tokens(@Caller() by: Principal): Promise<TokenList> {
    return { tokens: await this.people.ownTokens(by) };
  }

  @Delete('tokens/:id')
  @Allow('self')
  @HttpCode(204)
  endToken(@Caller() by: Principal, @Param('id') id: string): Promise<void> {
    return this.people.endToken(by, id);
  }

  @Get('log')
  @Allow('log.read')
  @ApiResponse({ status: 200, standardSchema: ActList })
  async acts(@Query({ schema: ActsQuery }) { before }: ActsQuery): Promise<ActList> {
    return { acts: await this.log.page(before) };
  }
}
