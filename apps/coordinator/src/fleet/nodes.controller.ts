import { Controller, Get } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { NodeList } from '@tallystick/protocol';
import { Allow } from '../auth/access.js';
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
  async list(): Promise<NodeList> {
    return { nodes: await this.directory.views((node) => this.sessions.find(node)?.seenAtMs) };
  }
}
