import type { IncomingMessage } from 'node:http';
import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { NodeId } from '@tallystick/kernel';
import {
  NodeView,
  OwnerCallRequest,
  PreparedOwnerCall,
  PrepareOwnerCallRequest,
} from '@tallystick/protocol';
import { addressBlock } from '../address-block.js';
import { Allow, Public } from '../auth/access.js';
import { RateLimit } from '../auth/rate-limit.js';
import { clientAddress } from '../client-address.js';
import { Deployment } from '../deployment.js';
import { nodeParam } from '../http/params.js';
import { NodeChanges } from '../registry/node-changes.js';
import { Evictions } from './evictions.js';

/** Calls from one address block in a minute: only an owner's signature is worth anything, but each costs work. */
const PER_ADDRESS = { limit: 30, windowMs: 60_000 } as const;

/** Another key, or the end, of a node. The two public routes take the owner's signature instead of a bearer token. */
@Controller('api/v1/nodes/:node')
export class NodeChangesController {
  readonly #perAddress: RateLimit;

  constructor(
    private readonly changes: NodeChanges,
    private readonly evictions: Evictions,
    { clock }: Deployment,
  ) {
    this.#perAddress = new RateLimit(clock, PER_ADDRESS);
  }

  @Post('calls/prepare')
  @Public()
  @HttpCode(200)
  @ApiResponse({ status: 200, standardSchema: PreparedOwnerCall })
  prepare(
    @Param('node', { schema: nodeParam }) node: NodeId,
    @Body({ schema: PrepareOwnerCallRequest }) asked: PrepareOwnerCallRequest,
    @Req() request: IncomingMessage,
  ): Promise<PreparedOwnerCall> {
    this.#perAddress.take(addressBlock(clientAddress(request)));
    return this.changes.prepare(node, asked);
  }

  @Post('calls')
  @Public()
  @HttpCode(200)
  @ApiResponse({ status: 200, standardSchema: NodeView })
  async call(
    @Param('node', { schema: nodeParam }) node: NodeId,
    @Body({ schema: OwnerCallRequest }) asked: OwnerCallRequest,
    @Req() request: IncomingMessage,
  ): Promise<NodeView> {
    this.#perAddress.take(addressBlock(clientAddress(request)));
    const view = await this.changes.complete(node, asked);
    if (asked.call.kind === 'revoke') this.evictions.evict(node);
    return view;
  }

  /** For ever: the chain is told, and the node's session and token end now. */
  @Post('revoke')
  @Allow('node.suspend')
  @HttpCode(200)
  @ApiResponse({ status: 200, standardSchema: NodeView })
  async revoke(@Param('node', { schema: nodeParam }) node: NodeId): Promise<NodeView> {
    const view = await this.changes.revoke(node);
    this.evictions.evict(node);
    return view;
  }
}
