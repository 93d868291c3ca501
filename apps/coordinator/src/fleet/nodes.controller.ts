import { Controller, Get } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { NodeList } from '@tallystick/protocol';
import { Allow } from '../auth/access.js';
import { Caller, type Principal } from '../auth/principal.js';
import { boundTo } from '../auth/run-access.js';
import { NodeDirectory } from '../registry/node-directory.js';
import { Sessions } from './sessions.js';

/** Who has joined, and who is connected now. */
@Controller('api/v1/nodes')
export class NodesController {
  constructor(
    private readonly directory: NodeDirectory,
    private readonly sessions: Sessions,
  ) {}

  @Get()
  @Allow('node.read')
  @ApiResponse({ status: 200, standardSchema: NodeList })
  async list(@Caller() by: Principal): Promise<NodeList> {
    const views = await this.directory.views((node) => this.sessions.find(node)?.seenAtMs);
    const own = boundTo(by);
    if (own === undefined) return { nodes: views };
    return { nodes: views.filter(({ organisation }) => organisation.name === own) };
  }
}
