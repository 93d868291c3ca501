import { TallyError } from '@tallystick/kernel';

/** Why `path` could not be written: STORE_DISK_FULL, else CONFIG_FOLDER_UNWRITABLE. */
export function writeError(path: string, cause: unknown): TallyError {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC') {
    return new TallyError('STORE_DISK_FULL', { path }, cause);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TallyError('CONFIG_FOLDER_UNWRITABLE', { folder: path, reason }, cause);
}
