import { TallyError } from '@tallystick/kernel';
import { spkiPin, systemClock } from '@tallystick/kernel/node';
import { dial, fetchByWay, peerCertificate, type Way } from '@tallystick/site';
import { type Check, check, Warning } from './check.js';

const TIMEOUT_MS = 10_000;
const DAY_MS = 86_400_000;
/** An operator needs some days to get another certificate. */
const SOON_MS = 14 * DAY_MS;
/** Headers closed more than a minute ahead of the chain are refused; half of it is no longer comfortable. */
const MOST_SKEW_MS = 60_000;
const GOOD_SKEW_MS = 5_000;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** The way there, the certificate at its end, the coordinator behind it, and its clock. */
export async function coordinatorChecks(url: string, way: Way): Promise<readonly Check[]> {
  const proxy = way.proxy(new URL(url));
  const isSecure = url.startsWith('https:');
  return [
    await check('proxy', () => (proxy === undefined ? 'none' : `${proxy.protocol}//${proxy.host}`)),
    await check('certificate', () => (isSecure ? certificate(url, way) : plainHttp(url))),
    await check('coordinator', async () => {
      const { status } = await ask(`${url}/health`, way);
      if (status !== 200)
        throw new TallyError('NET_UNREACHABLE', { url, reason: `HTTP ${status}` });
      return url;
    }),
    await check('clock', () => skew(url, way)),
  ];
}

/** Its troubles in its own words: what `/ready` says. */
export function readyCheck(url: string, way: Way): Promise<Check> {
  return check('ready', async () => {
    const { status, text } = await ask(`${url}/ready`, way);
    if (status === 200) return undefined;
    throw new TallyError('NET_UNREACHABLE', {
      url,
      reason: `it is not ready: ${troublesIn(text)}`,
    });
  });
}

function troublesIn(text: string): string {
  try {
    const { troubles } = JSON.parse(text) as { troubles?: unknown }; // shown as it is
    const words = Object.entries(troubles ?? {}).map(([room, why]) => `${room}: ${String(why)}`);
    return words.join('; ').slice(0, 500);
  } catch {
    return 'it does not say why';
  }
}

async function certificate(url: string, way: Way): Promise<string | Warning> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const socket = await dial(url, way, { clock: systemClock, signal });
  try {
    const leaf = peerCertificate(socket);
    if (leaf === undefined)
      throw new TallyError('AUTH_CERTIFICATE', { url, reason: 'it shows none' });
    const pin = spkiPin(leaf.publicKey);
    const by = way.pins.length > 0 ? 'pinned' : 'vouched for by an authority';
    const words = `${by}, until ${new Date(leaf.validTo).toISOString().slice(0, 10)}, ${pin}`;
    const isSoonOver = Date.parse(leaf.validTo) - Date.now() < SOON_MS;
    return isSoonOver ? new Warning(words, 'Have the operator renew the certificate.') : words;
  } finally {
    socket.destroy();
  }
}

function plainHttp(url: string): string | Warning {
  if (LOOPBACK.test(new URL(url).hostname)) return 'none needed on this machine';
  return new Warning(
    'none: what is said to it can be read and changed on the way',
    'Use its https:// address; the operator finds how in docs/tls.md.',
  );
}

/** By the Date header, which has seconds. */
async function skew(url: string, way: Way): Promise<string | Warning> {
  const beganMs = Date.now();
  const { date } = await ask(`${url}/health`, way);
  if (date === null)
    return new Warning('unknown: the coordinator does not tell the time', 'Nothing to do.');
  const skewMs = Date.parse(date) - (beganMs + Date.now()) / 2;
  const words = `${Math.abs(Math.round(skewMs / 1_000))} s ${skewMs > 0 ? 'behind' : 'ahead of'} the coordinator`;
  if (Math.abs(skewMs) < GOOD_SKEW_MS) return 'as the coordinator’s';
  if (Math.abs(skewMs) < MOST_SKEW_MS) return new Warning(words, 'Let NTP set the clock.');
  throw new TallyError('CONFIG_INVALID', { faults: `  the clock is ${words}; let NTP set it` });
}

async function ask(
  url: string,
  way: Way,
): Promise<{ readonly status: number; readonly text: string; readonly date: string | null }> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetchByWay(way, systemClock)(url, { signal, redirect: 'error' });
    const text = (await response.text()).slice(0, 10_000);
    return { status: response.status, text, date: response.headers.get('date') };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    if (cause instanceof TallyError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TallyError('NET_UNREACHABLE', { url, reason }, error);
  }
}
