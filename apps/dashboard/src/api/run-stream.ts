import type { RunEvent } from '@tallystick/protocol';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { credentials } from './client.js';
import { heard, nowMs } from './coordinator.js';

/** Longest silence; the coordinator says something every 15 s. */
const SILENCE_MS = 40_000;
const RETRY_MS = 500;
const MAX_RETRY_MS = 5_000;
/** Events kept for readers; a page that wants older ones asks for figures instead. */
const KEPT = 500;
/** Longest line of a stream; an event has at most a few hundred characters. */
const MAX_LINE_CHARS = 262_144;

export interface StreamState {
  readonly link: 'connecting' | 'live' | 'reconnecting';
  /** When the coordinator was heard last. */
  readonly heardAtMs: number | undefined;
  /** The newest events of this window, ascending, at most 500. */
  readonly events: readonly RunEvent[];
  /** Number of the last event. */
  readonly last: number;
}

/**
 * One run's server-sent events, by fetch, because EventSource sends no token. Goes on by itself after every end with the
 * number of the last event it saw (Last-Event-ID), so nothing is missed and nothing comes twice.
 */
class RunStream {
  readonly #run: number;
  readonly #listeners = new Set<() => void>();
  #stop: AbortController | undefined;
  state: StreamState = { link: 'connecting', heardAtMs: undefined, events: [], last: 0 };

  constructor(run: number) {
    this.#run = run;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#stop === undefined) {
      this.#stop = new AbortController();
      void this.#play(this.#stop.signal);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stop?.abort();
      this.#stop = undefined;
    };
  };

  async #play(signal: AbortSignal): Promise<void> {
    for (let wait = RETRY_MS; !signal.aborted; wait = Math.min(2 * wait, MAX_RETRY_MS)) {
      try {
        if (await this.#read(signal)) wait = RETRY_MS;
      } catch {
        // Whatever ended the stream: it is asked for again.
      }
      if (signal.aborted) return;
      this.#set({ link: 'reconnecting' });
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /** Reads until the stream ends; whether anything came. */
  async #read(signal: AbortSignal): Promise<boolean> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const response = await fetch(`/api/v1/runs/${this.#run}/events`, {
        headers: { ...credentials(), 'last-event-id': String(this.state.last) },
        signal: AbortSignal.any([signal, silence.signal]),
      });
      heard(response);
      if (!response.ok || response.body === null) return false;
      this.#set({ link: 'live', heardAtMs: nowMs() });
      let rest = '';
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        const lines = (rest + part.value).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > MAX_LINE_CHARS) return true;
        this.#take(lines);
      }
      return true;
    } finally {
      clearTimeout(timer);
    }
  }

  #take(lines: readonly string[]): void {
    const fresh = lines
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)) as RunEvent) // of our own server, by its schema
      .filter(({ id }) => id > this.state.last);
    const events = [...this.state.events, ...fresh].slice(-KEPT);
    const last = events.at(-1)?.id ?? this.state.last;
    this.#set({ heardAtMs: nowMs(), ...(fresh.length === 0 ? {} : { events, last }) });
  }

  #set(change: Partial<StreamState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

const streams = new Map<number, RunStream>();

function streamOf(run: number): RunStream {
  const known = streams.get(run);
  if (known !== undefined) return known;
  for (const old of [...streams.keys()].slice(0, -7)) streams.delete(old);
  const stream = new RunStream(run);
  streams.set(run, stream);
  return stream;
}

/** The run's stream as it is now; it plays while somebody looks. */
export function useRunStream(run: number): StreamState {
  const stream = streamOf(run);
  return useSyncExternalStore(stream.subscribe, () => stream.state);
}

/** Calls `onNews` soon after events of these kinds came; what comes within `everyMs` is told once. */
export function useNews(
  { events }: StreamState,
  onNews: () => void,
  { kinds, everyMs }: { readonly kinds: RegExp; readonly everyMs: number },
): void {
  const newest = events.findLast(({ type }) => kinds.test(type))?.id ?? 0;
  const told = useRef({ at: 0, timer: 0 });
  useEffect(() => {
    const { current } = told;
    if (newest === 0 || current.timer !== 0) return;
    const wait = Math.max(0, current.at + everyMs - Date.now());
    current.timer = window.setTimeout(() => {
      current.timer = 0;
      current.at = Date.now();
      onNews();
    }, wait);
  }, [newest, onNews, everyMs]);
}
