import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Every line is one planted breach: file, what it imports, the rule that must name it. */
const BREACHES: readonly (readonly [path: string, source: string, rule: string])[] = [
  ['libs/kernel/src/up.ts', "import '../../record/src/index.js';", 'room-kernel'],
  ['libs/site/src/side.ts', "import '../../compute/src/index.js';", 'room-site'],
  ['libs/payout/src/terms.ts', "import '../../protocol/src/index.js';", 'room-payout'],
  ['libs/rounds/src/io.ts', "import 'node:fs';", 'isomorphic'],
  ['libs/record/src/entry.ts', "import '../../kernel/src/node/index.js';", 'isomorphic-node-entry'],
  ['libs/aggregation/src/lib.ts', "import 'ws';", 'isomorphic-third-party'],
  ['libs/audit/src/deep.ts', "import '../../record/src/inner.js';", 'front-door'],
  ['libs/extra/src/index.ts', "import '../../kernel/src/index.js';", 'known-room'],
  ['libs/blobs/src/test.ts', "import './some.spec.js';", 'no-tests-in-code'],
  ['libs/chain/src/a.ts', "import './b.js';", 'no-circular'],
  ['apps/cli/src/app.ts', "import '../../coordinator/src/runs/runs.js';", 'apps-apart'],
  ['apps/cli/src/eager.ts', "import '../../../libs/sandbox/src/index.js';", 'sandbox-on-demand'],
  ['apps/coordinator/src/fleet/f.ts', "import '../runs/runs.js';", 'coordinator-fleet'],
  ['apps/coordinator/src/models/m.ts', "import '../main.js';", 'coordinator-models'],
  ['apps/coordinator/src/runs/orm.ts', "import 'typeorm';", 'confined-typeorm'],
  ['apps/coordinator/src/runs/socket.ts', "import 'ws';", 'confined-ws'],
  ['libs/training/src/chain.ts', "import '@polkadot/api';", 'confined-polkadot'],
  ['libs/audit/src/steps/v3-x.ts', "import 'node:fs';", 'browser-audit'],
  ['libs/audit/src/recompute/r.ts', "import '../../../compute/src/index.js';", 'browser-audit'],
  ['libs/chain/src/proof/p.ts', "import 'node:crypto';", 'browser-audit'],
  ['libs/record/src/hash.ts', "import '@noble/hashes';", 'confined-noble'],
  ['apps/dashboard/src/site/s.ts', "import '../pages/p.js';", 'site-page-apart'],
  ['apps/dashboard/src/pages/q.ts', "import '../site/t.js';", 'coordinator-page-apart'],
  ['e2e/white.e2e.ts', "import '../libs/kernel/src/index.js';", 'black-box'],
];

const HARMLESS: readonly (readonly [path: string, source: string])[] = [
  ['libs/chain/src/b.ts', "import './a.js';"],
  ...['kernel', 'record', 'protocol', 'compute', 'sandbox'].map(
    (room) => [`libs/${room}/src/index.ts`, 'export {};'] as const,
  ),
  ['apps/dashboard/src/pages/p.ts', 'export {};'],
  ['apps/dashboard/src/site/t.ts', "import '../parts/p.js';"],
  ['apps/dashboard/src/parts/p.ts', 'export {};'],
  ['libs/kernel/src/node/index.ts', "import 'node:fs';"],
  ['libs/record/src/inner.ts', "import '../../kernel/src/index.js';"],
  ['libs/blobs/src/some.spec.ts', "import '../../kernel/src/node/index.js';"],
  ['apps/coordinator/src/runs/runs.ts', "import '../../../../libs/record/src/index.js';"],
  ['apps/coordinator/src/main.ts', "import './config.js';"],
  ['apps/coordinator/src/config.ts', 'export {};'],
  ['apps/coordinator/src/auth/guard.ts', "import '../config.js';"],
  ['apps/coordinator/src/registry/r.ts', "import '../auth/guard.js';"],
  ['libs/site/src/types-a.ts', "import type { B } from './types-b.js'; export type A = B[];"],
  ['libs/site/src/types-b.ts', "import { type A } from './types-a.js'; export type B = A[];"],
  ['apps/cli/src/up.ts', "void import('../../../libs/sandbox/src/index.js');"],
];

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

function write(root: string, path: string, source: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), `${source}\n`);
}

function cruise(root: string): readonly Violation[] {
  const cli = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [cli, '--output-type', 'json', 'libs', 'apps', 'e2e'],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return JSON.parse(stdout).summary.violations;
}

let root: string;
let violations: readonly Violation[];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tally-boundaries-'));
  for (const name of ['.dependency-cruiser.cjs', 'tsconfig.base.json', 'package.json']) {
    copyFileSync(join(ROOT, name), join(root, name));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const [path, source] of [...HARMLESS, ...BREACHES]) write(root, path, source);
  violations = cruise(root);
});

afterAll(() => rmSync(root, { recursive: true }));

it.each(BREACHES)('%s breaks a rule', (path, _source, rule) => {
  const rules = violations.filter(({ from }) => from === path).map((breach) => breach.rule.name);
  expect(rules).toContain(rule);
});

it('accepts what the rules allow', () => {
  const allowed = new Set(HARMLESS.map(([path]) => path));
  const noise = ['no-orphans', 'not-unlisted'];
  const wrong = violations.filter(
    ({ from, rule }) => allowed.has(from) && !noise.includes(rule.name),
  );
  expect(wrong).toEqual([]);
});
