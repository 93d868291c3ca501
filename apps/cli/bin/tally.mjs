#!/usr/bin/env node
/** `tally` from a working tree: builds what changed, then runs the command. Services start `dist/main.js` itself. */
import { build } from '../../../tools/build.mjs';

if (await build()) await import('../dist/main.js');
else process.exitCode = 70;
