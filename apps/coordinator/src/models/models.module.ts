import { Module } from '@nestjs/common';
import { ModelsController } from './models.controller.js';

/** Downloads by hash. */
@Module({ controllers: [ModelsController] })
export class ModelsModule {}
