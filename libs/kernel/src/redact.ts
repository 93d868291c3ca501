import type { LogFields } from './logger.js';

const REDACTED = '[redacted]';
/** Longest string of a log line. */
const MAX_CHARACTERS = 2_000;

/** Field names whose values never belong into a log, whatever they hold. */
const SECRET_NAME = /token|secret|password|passphrase|authorization|cookie|private|seed|mnemonic/i;
/** user:password@ in a URL. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@/]+@/gi;
const PRIVATE_KEY =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g;
const BEARER = /\bBearer\s+\S+/gi;

function redactText(text: string): string {
  const clean = text
    .replace(PRIVATE_KEY, REDACTED)
    .replace(URL_PASSWORD, `$1${REDACTED}@`)
    .replace(BEARER, `Bearer ${REDACTED}`);
  return clean.length > MAX_CHARACTERS ? `${clean.slice(0, MAX_CHARACTERS)}…` : clean;
}

/**
 * `fields` without secrets: values under telling names, passwords in URLs, bearer tokens and private keys in texts.
 * The last line of defence; the first is not to log them.
 */
export function redact(fields: LogFields): LogFields {
  return Object.fromEntries<LogFields[string]>(
    Object.entries(fields).map(([name, value]) => {
      if (typeof value !== 'string') return [name, value];
      return [name, SECRET_NAME.test(name) ? REDACTED : redactText(value)];
    }),
  );
}
