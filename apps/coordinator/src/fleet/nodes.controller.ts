import { Controller, Get } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { NodeList } from '@tallystick/protocol';
import { NodeRows } from '../persistence/node-rows.js';
import { Members } from '../registry/members.js';
import { nodeView } from '../registry/node-view.js';
import { Sessions } from './sessions.js';

/** Who has joined, and who is connected now. */
@Controller('api/v1/nodes')
export class NodesController {
  constructor(
    private readonly rows: NodeRows,
    private readonly members: Members,
    private readonly sessions: Sessions,
  ) {}

  @Get()
  @ApiResponse({ status: 200, standardSchema: NodeList })
  async list(): Promise<NodeList> {
    const rows = await this.rows.list();
    const views = rows.map(async (row) =>
      nodeView(row, {
        member: await this.members.find(row.id),
        seenAtMs: this.sessions.find(row.id)?.seenAtMs,
      }),
    );
    return { nodes: await Promise.all(views) };
  }
}
