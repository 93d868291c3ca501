// @ts-check
/** Every metric of the coordinator, read from the calls that make them: a name, a text and labels that stand there as they are. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ name: string, kind: string, help: string, labels?: readonly string[] }} Metric */

const ROOMS = ['apps/coordinator/src', 'libs/telemetry/src'];
const CALL =
  /metrics\.(counter|gauge|histogram)\(\s*'(tally_\w+)',\s*'((?:[^'\\]|\\.)*)'(?:,\s*\[([^\]]*)\])?,?\s*\)/g;

/** @param {string} root @returns {Metric[]} by name */
export function ownMetrics(root) {
  return ROOMS.flatMap((room) => sources(join(root, room)))
    .flatMap((file) => metricsIn(readFileSync(file, 'utf8')))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param {string} text of a module @returns {Metric[]} */
export function metricsIn(text) {
  return [...text.matchAll(CALL)].map(([, kind = '', name = '', help = '', labels = '']) => ({
    name,
    kind,
    help: help.replaceAll("\\'", "'"),
    labels: [...labels.matchAll(/'(\w+)'/g)].map(([, label = '']) => label),
  }));
}

/** @param {string} folder @returns {string[]} */
function sources(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.spec\.ts$|(^|\/)testing\//.test(name))
    .map((name) => join(folder, name));
}
