import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { type NodeId, TallyError } from '@tallystick/kernel';
import { NodeList } from '@tallystick/protocol';
import { Allow } from '../auth/access.js';
import { Caller, type Principal } from '../auth/principal.js';
import { RunAccess } from '../auth/run-access.js';
import { SessionTokens } from '../auth/session-tokens.js';
import { nodeParam } from '../http/params.js';
import { NodeDirectory } from '../registry/node-directory.js';
import { Sessions } from './sessions.js';

/** Who has joined, who is connected now, and who is let in. */
@Controller('api/v1/nodes')
export class NodesController {
  constructor(
    private readonly directory: NodeDirectory,
    private readonly sessions: Sessions,
    private readonly tokens: SessionTokens,
    private readonly access: RunAccess,
  ) {}

  @Get()
  @Allow('node.read')
  @ApiResponse({ status: 200, standardSchema: NodeList })
  async list(@Caller() by: Principal): Promise<NodeList> {
    const views = await this.directory.views((node) => this.sessions.find(node)?.seenAtMs);
    const sees = await this.access.nodes(by);
    return { nodes: views.filter(({ node }) => sees(node)) };
  }

  /** The node's session and its token end now, and it is let in no more until it is resumed. The chain is not told. */
  @Post(':node/suspend')
  @Allow('node.suspend')
  @HttpCode(204)
  async suspend(@Param('node', { schema: nodeParam }) node: NodeId): Promise<void> {
    await this.directory.suspend(node, true);
    this.tokens.end(node);
    this.sessions.find(node)?.fail(new TallyError('AUTH_NODE_SUSPENDED', { node }));
  }

  @Post(':node/resume')
  @Allow('node.suspend')
  @HttpCode(204)
  async resume(@Param('node', { schema: nodeParam }) node: NodeId): Promise<void> {
    await this.directory.suspend(node, false);
  }
}
