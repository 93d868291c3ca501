import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { pageHandler } from '@tallystick/kernel/node';

/** Where `node tools/build.mjs` leaves the page. */
const BUILT = fileURLToPath(new URL('../../../dashboard/dist/', import.meta.url));

/** Serves the page beside the API: its files by name, and index.html for every place within the page. */
export async function servePage(app: NestExpressApplication): Promise<void> {
  const handle = await pageHandler(BUILT);
  if (handle !== undefined) app.use(handle);
}
