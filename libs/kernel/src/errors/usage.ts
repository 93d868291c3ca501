/** `USAGE_` codes; see catalogue.ts. */
export const usage = {
  USAGE_INVALID: {
    message: '{detail}',
    hint: 'Run the command with --help; it shows an example.',
    status: 400,
    disposition: 'fix',
  },
  USAGE_UNKNOWN_RUN: {
    message: 'there is no run {run}',
    hint: 'List the runs with `tally run list`.',
    status: 404,
    disposition: 'fix',
  },
  USAGE_UNKNOWN_USER: {
    message: 'there is no user {user}',
    hint: 'List them with `tally people list`.',
    status: 404,
    disposition: 'fix',
  },
  USAGE_UNKNOWN_NODE: {
    message: 'there is no node {node}',
    hint: 'List them with `tally node list`.',
    status: 404,
    disposition: 'fix',
  },
  USAGE_UNKNOWN_ROUND: {
    message: 'run {run} has no round {round}',
    hint: 'See its rounds with `tally run show {run}`.',
    status: 404,
    disposition: 'fix',
  },
  USAGE_UNSUPPORTED: {
    message: '{what} is not supported by this version',
    hint: '{instead}',
    status: 400,
    disposition: 'fix',
  },
  USAGE_NOT_RUNNING: {
    message: 'no Tallystick deployment is running in {folder}',
    hint: 'Start one with `tally up`, or name its folder with --data.',
    status: 404,
    disposition: 'fix',
  },
  USAGE_NO_PAGE: {
    message: 'no node serves its page from {folder}',
    hint: 'Start it: `tally node start --folder {folder}`; or name another folder with --folder.',
    status: 404,
    disposition: 'fix',
  },
  USAGE_NOT_FOUND: {
    message: 'there is nothing at {path}',
    hint: 'The routes are listed at /api/openapi.json.',
    status: 404,
    disposition: 'fix',
  },
} as const;
