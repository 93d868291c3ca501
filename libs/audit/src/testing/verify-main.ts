/** `node verify-main.js <bundle>`: verifies without anchors and prints the report as one JSON line. */
import process from 'node:process';
import { exitCodeOf } from '../report.js';
import { verifyBundle } from '../verify-bundle.js';
import { NO_ANCHORS } from './anchors-for.js';
import { releasedRuntimes } from './operator/evidence.js';

const [folder = ''] = process.argv.slice(2);
const knownRuntimes = await releasedRuntimes();
const report = await verifyBundle({ folder, anchors: NO_ANCHORS, knownRuntimes });
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exitCode = exitCodeOf(report);
