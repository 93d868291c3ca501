import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AuditReport } from '@tallystick/audit';
import { TallyError } from '@tallystick/kernel';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** `audit verify` of the demo takes about two seconds. */
const TIMEOUT_MS = 300_000;

/** Runs `tally audit verify` as a process of its own on an exported bundle; its exit is the verdict. */
export async function runAudit(
  folder: string,
  logs: readonly string[],
): Promise<{ readonly exitCode: number; readonly report: AuditReport }> {
  const anchors = logs.flatMap((log) => ['--as-node', log]);
  const child = spawn(process.execPath, [MAIN, 'audit', 'verify', folder, ...anchors, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: TIMEOUT_MS,
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  const last = Buffer.concat(chunks).toString('utf8').trim().split('\n').at(-1) ?? '';
  const report = reportOf(last);
  if (report !== undefined) return { exitCode: code ?? 70, report };
  const reason = `audit verify ended with ${code} and said: ${last.slice(0, 200)}`;
  throw new TallyError('AUDIT_UNAVAILABLE', { reason });
}

/** Undefined for anything but a report: `audit verify` prints `{error}` when it could not judge. */
function reportOf(line: string): AuditReport | undefined {
  try {
    const value = JSON.parse(line) as AuditReport | null; // our own process wrote it
    return typeof value?.verdict === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
