import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { NODES_KEY, PERMISSION_KEY } from './access.js';

/** Refuses to start while a route says neither `@Allow(…)` nor `@Public()` nor `@ForNodes()`. */
@Injectable()
export class RouteMarks implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const bare = this.discovery
      .getControllers()
      .flatMap(({ metatype }) => (typeof metatype === 'function' ? this.#bare(metatype) : []));
    if (bare.length === 0) return;
    throw new TypeError(`routes without @Allow, @Public or @ForNodes: ${bare.join(', ')}`);
  }

  /** `Controller.method` of every route without a mark. */
  #bare(metatype: Type | Function): string[] {
    const prototype: unknown = metatype.prototype;
    if (typeof prototype !== 'object' || prototype === null) return [];
    return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler: unknown = Reflect.get(prototype, name);
      if (typeof handler !== 'function' || !Reflect.hasMetadata(PATH_METADATA, handler)) return [];
      const marks = [PERMISSION_KEY, NODES_KEY].map((key) =>
        this.reflector.getAllAndOverride<unknown>(key, [handler, metatype]),
      );
      return marks.every((mark) => mark === undefined) ? [`${metatype.name}.${name}`] : [];
    });
  }
}
