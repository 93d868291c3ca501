import type { ErrorBody } from '@tallystick/protocol';
import { ApiError } from './api-error.js';
import { heard } from './coordinator.js';

/** Longest wait for one answer. */
const ANSWER_MS = 20_000;
/** The same for what is in a finalised block when it is answered. */
const FINAL_MS = 180_000;

/** Pasted on the sign-in page; lives as long as this window and is written nowhere. */
let bearer: string | undefined;

export function signInWith(token: string | undefined): void {
  bearer = token;
}

/** Headers that say who asks; a session says it by its cookie. */
export function credentials(): Readonly<Record<string, string>> {
  return bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>(path, signal === undefined ? {} : { signal });
}

export function send<T>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  return call<T>(path, { method, body: JSON.stringify(body ?? {}) });
}

/** A POST that waits for the chain. */
export function sendSlowly<T>(path: string, body: unknown = {}): Promise<T> {
  return call<T>(path, { method: 'POST', body: JSON.stringify(body) }, FINAL_MS);
}

/** Rejects with ApiError, or with the signal's reason. The types are the schemas that the server validates with. */
async function call<T>(path: string, init: RequestInit, waitMs = ANSWER_MS): Promise<T> {
  const response = await request(path, init, waitMs);
  if (!response.ok) throw await errorOf(response);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T; // the answer of our own server, by its schema
}

/** The response, whatever its status. */
export async function request(
  path: string,
  init: RequestInit,
  waitMs = ANSWER_MS,
): Promise<Response> {
  const limit = AbortSignal.timeout(waitMs);
  const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
  const headers = { 'content-type': 'application/json', ...credentials() };
  try {
    const response = await fetch(`/api/v1/${path}`, { ...init, headers, signal });
    // a refused sign-in is no end of a session
    if (!path.startsWith('auth/')) heard(response);
    return response;
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw ApiError.offline();
  }
}

export async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as ErrorBody; // of the error filter
    return new ApiError(response.status, error);
  } catch {
    return new ApiError(response.status, {
      code: `HTTP_${response.status}`,
      message: `the answer was ${response.status} ${response.statusText}`,
      hint: 'a proxy between this page and the coordinator may have answered',
    });
  }
}
