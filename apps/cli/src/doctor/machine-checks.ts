import { access, constants, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { TallyError } from '@tallystick/kernel';
import { openFilesLimit } from '@tallystick/kernel/node';
import { type Check, check, Warning } from './check.js';

const GIB = 1024 ** 3;
/** With less, a round of a large model does not fit. */
const LEAST_BYTES = GIB / 2;
const GOOD_BYTES = 5 * GIB;
/** Some hundreds stay for database, chain and blobs. */
const LEAST_FILES = 1_024;
const GOOD_FILES = 16_384;
/** package.json, `engines`. */
const LEAST_NODE = [20, 19] as const;

export function versionCheck(): Promise<Check> {
  return check('Node.js', () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const [wanted, least] = LEAST_NODE;
    if (major > wanted || (major === wanted && minor >= least)) return process.version;
    const what = `Node.js ${process.version}`;
    throw new TallyError('USAGE_UNSUPPORTED', {
      what,
      instead: `Install ${wanted}.${least} or newer.`,
    });
  });
}

/** Space where `folder` is, and whether this user may write there. */
export function diskCheck(folder: string): Promise<Check> {
  return check('disk', async () => {
    try {
      await access(folder, constants.W_OK);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder, reason }, error);
    }
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const words = `${(free / GIB).toFixed(1)} GiB free in ${folder}`;
    if (free >= GOOD_BYTES) return words;
    if (free >= LEAST_BYTES) return new Warning(words, 'Make room, or move the folder.');
    throw new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder, reason: `only ${words}` });
  });
}

/** A connection of a node is a file. */
export function filesCheck(): Promise<Check> {
  return check('open files', () => {
    const limit = openFilesLimit();
    const words = limit === Number.MAX_SAFE_INTEGER ? 'no limit' : `at most ${limit}`;
    if (limit >= GOOD_FILES) return words;
    const hint = `Raise the limit for this user (ulimit -n ${GOOD_FILES}, or LimitNOFILE of the service).`;
    if (limit >= LEAST_FILES) return new Warning(`${words}: so many nodes less 512`, hint);
    const faults = `  open files: ${words}, a coordinator needs ${LEAST_FILES}; ulimit -n raises it`;
    throw new TallyError('CONFIG_INVALID', { faults });
  });
}

/** Whether a server could listen there now. */
export function portCheck(port: number, option: string): Promise<Check> {
  return check(`port ${port}`, async () => {
    const host = '127.0.0.1';
    const server = createServer();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, resolve);
      });
      return 'free';
    } catch (error) {
      throw new TallyError('CONFIG_PORT_IN_USE', { host, port, option }, error);
    } finally {
      server.close();
    }
  });
}
