import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Header, Param, Req, Res } from '@nestjs/common';
import { ApiProduces } from '@nestjs/swagger';
import { type Hash, TallyError } from '@tallystick/kernel';
import { Allow, ForNodes } from '../auth/access.js';
import { Caller, type Principal } from '../auth/principal.js';
import { RunAccess } from '../auth/run-access.js';
import { sha256Param } from '../http/params.js';
import { RoundRows } from '../persistence/round-rows.js';
import { RunRows } from '../persistence/run-rows.js';
import { Downloads } from './downloads.js';
import { KnownModels } from './known-models.js';

/**
 * What nodes and auditors download, by hash. Nodes get specs, models and the server state of an open
 * SCAFFOLD round; any other blob (updates, other states) takes `update.read`, because an update tells more about
 * its site than a model does.
 */
@Controller('api/v1')
export class ModelsController {
  constructor(
    private readonly downloads: Downloads,
    private readonly runs: RunRows,
    private readonly rounds: RoundRows,
    private readonly access: RunAccess,
  ) {}

  readonly #models = new KnownModels((id) => this.runs.isModel(id));

  @Get('models/:sha256')
  @Allow('model.read')
  @ForNodes()
  @ApiProduces('application/octet-stream')
  async model(
    @Caller() by: Principal,
    @Param('sha256', { schema: sha256Param }) id: Hash,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    if (!(await this.#models.has(id))) throw new TallyError('MODEL_UNKNOWN', { sha256: id });
    await this.access.seeModel(by, id);
    await this.downloads.send(id, { request, response });
  }

  @Get('states/:sha256')
  @Allow('update.read')
  @ForNodes()
  @ApiProduces('application/octet-stream')
  async state(
    @Param('sha256', { schema: sha256Param }) id: Hash,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    if (!(await this.rounds.isSharedState(id))) {
      throw new TallyError('STORE_BLOB_MISSING', { sha256: id });
    }
    await this.downloads.send(id, { request, response });
  }

  @Get('blobs/:sha256')
  @Allow('update.read')
  @ApiProduces('application/octet-stream')
  async blob(
    @Param('sha256', { schema: sha256Param }) id: Hash,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    await this.downloads.send(id, { request, response });
  }

  @Get('specs/:sha256')
  @Allow('run.read')
  @ForNodes()
  @Header('content-type', 'application/json')
  @Header('cache-control', 'private, max-age=31536000, immutable')
  async spec(
    @Caller() by: Principal,
    @Param('sha256', { schema: sha256Param }) id: Hash,
  ): Promise<string> {
    await this.access.seeSpec(by, id);
    const spec = await this.runs.spec(id);
    if (spec === undefined) throw new TallyError('STORE_BLOB_MISSING', { sha256: id });
    return spec;
  }
}
