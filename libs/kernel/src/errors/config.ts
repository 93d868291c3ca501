/** `CONFIG_` codes; see catalogue.ts. */
export const config = {
  CONFIG_INVALID: {
    message: 'the configuration is not valid:\n{faults}',
    hint: 'Correct the values named above; docs/config.md lists every one.',
    status: 400,
    disposition: 'fix',
  },
  CONFIG_RUN_SPEC_INVALID: {
    message: '{file} is not a valid run spec:\n{faults}',
    hint: 'Correct the lines named above; docs/run-yaml.md describes every field.',
    status: 400,
    disposition: 'fix',
  },
  CONFIG_NODE_INVALID: {
    message: '{file} is not a valid node.yaml:\n{faults}',
    hint: 'Correct the lines named above.',
    status: 400,
    disposition: 'fix',
  },
  CONFIG_TLS: {
    message: 'the certificate cannot be used: {reason}',
    hint: 'TALLY_TLS__CERTIFICATE and TALLY_TLS__KEY take PEM files that belong together.',
    status: 500,
    disposition: 'fix',
  },
  CONFIG_PORT_IN_USE: {
    message: 'port {port} on {host} is already in use',
    hint: 'Stop what listens there, or choose another port with {option}.',
    status: 500,
    disposition: 'fix',
  },
  CONFIG_FOLDER_UNWRITABLE: {
    message: 'cannot write to the data folder {folder}: {reason}',
    hint: 'Give this user write access, or choose another folder with --data.',
    status: 500,
    disposition: 'fix',
  },
  CONFIG_KEY_MISSING: {
    message:
      'round {round} of run {run} is signed by coordinator key {key}, which is not in the folder of keys',
    hint: 'Restore <data>/keys from a backup: keys that were replaced stay there.',
    status: 500,
    disposition: 'fix',
  },
  CONFIG_FOLDER_IN_USE: {
    message: '{folder} holds something already: {entry}',
    hint: 'Nothing is overwritten. Choose an empty folder, or move what is there away.',
    status: 500,
    disposition: 'fix',
  },
  CONFIG_RESTORE_UNFINISHED: {
    message: '{folder} holds a restore that did not end',
    hint: 'Run the same `tally restore` again.',
    status: 500,
    disposition: 'fix',
  },
  CONFIG_LOCKED: {
    message: '{folder} is in use by process {pid}',
    hint: 'Stop that process, or choose another folder with --data.',
    status: 500,
    disposition: 'fix',
  },
} as const;
