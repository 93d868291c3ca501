import { RunEvent } from '@tallystick/protocol';

/** Longest event text that is kept while it arrives. */
const MAX_EVENT_CHARS = 1024 * 1024;

/** Run events of an SSE response (HTML Living Standard §9.2). Ends when the response does. */
export async function* runEvents(response: Response): AsyncGenerator<RunEvent, void, undefined> {
  if (response.body === null) return;
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true }); // fetch bodies are byte streams
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    if (rest.length > MAX_EVENT_CHARS) return;
    for (const block of blocks) {
      const event = eventOf(block);
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(block: string): RunEvent | undefined {
  const data = block
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart())
    .join('\n');
  if (data === '') return undefined;
  const parsed = RunEvent.safeParse(JSON.parse(data));
  return parsed.success ? parsed.data : undefined;
}
