import { open, rename, stat } from 'node:fs/promises';

/** A log larger than this is put aside at the next start; there are never more than two. */
const MAX_LOG_BYTES = 4 << 20;
/** How much of the end is looked at for a reason. */
const TAIL_BYTES = 64 << 10;

/** Keeps the log bounded. */
export async function rotateLog(path: string): Promise<void> {
  const size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size > MAX_LOG_BYTES) await rename(path, `${path}.1`);
}

/** The line written after byte `since` that tells best why a program gave up. */
export async function readLogSince(path: string, since: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(since, size - TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - from));
    await file.read(buffer, 0, buffer.length, from);
    return bestReason(buffer.toString('utf8'));
  } finally {
    await file.close();
  }
}

/** The last line that begins with a code of ours, else the last fatal one, else the last error, else the last line, without its time stamp. */
export function bestReason(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const line =
    lines.findLast((each) => /^([A-Z]+(_[A-Z]+)+|INTERNAL): /.test(each)) ??
    lines.findLast((each) => /\b(FATAL|PANIC):/.test(each)) ??
    lines.findLast((each) => /\berror\b/i.test(each)) ??
    lines.at(-1) ??
    'it wrote nothing';
  return line.replace(/^.*?\b(FATAL|PANIC):\s*/, '').trim();
}
