/** A page's commands, as a script of bash. */
export interface Step {
  /** Line of the page at which the block begins. */
  readonly line: number;
  readonly commands: string;
  /** `stays`: the reader leaves it running in a terminal of its own; `fails`: it must not exit with 0. */
  readonly kind: 'runs' | 'stays' | 'fails';
  /** What the reader is told to stop before it, the newest first. */
  readonly stops: number;
  /** Lines that must be said, in this order; `…` stands for anything. */
  readonly output: readonly string[];
}

const FENCE = /^```([a-z -]*)\n([\s\S]*?)^```$/gm;
const CTRL_C = '<!-- Ctrl-C -->';

interface Block {
  readonly info: string;
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** The fenced blocks of a page. */
export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(FENCE)].map((match) => {
    const [whole, info = '', text = ''] = match;
    return { info: info.trim(), text, from: match.index, to: match.index + whole.length };
  });
}

/** Every `sh` block of a page; a `text` block directly behind one is what it must say. */
export function stepsOf(page: string): readonly Step[] {
  const blocks = blocksOf(page);
  let stopped = 0;
  return blocks.flatMap(({ info, text, from, to }, at) => {
    if (!/^sh( |$)/.test(info)) return [];
    const next = blocks[at + 1];
    const isAnswered = next?.info === 'text' && page.slice(to, next.from).trim() === '';
    const before = page.slice(stopped, from);
    stopped = from;
    return [
      {
        line: page.slice(0, from).split('\n').length,
        commands: text,
        kind: kindOf(info),
        stops: before.split(CTRL_C).length - 1,
        output: isAnswered ? linesOf(next.text) : [],
      },
    ];
  });
}

function kindOf(info: string): Step['kind'] {
  if (info === 'sh') return 'runs';
  if (info === 'sh stays') return 'stays';
  if (info === 'sh fails') return 'fails';
  throw new Error(`no such block: ${info}`);
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '…');
}

/** Default ports may be taken on a machine that tests; nothing else of a command is changed. */
function withFreePorts(commands: string): string {
  const ports = '--port 0 --chain-port 0';
  return commands
    .replace(/^((?:npx --no-install )?tally up)\b/gm, `$1 ${ports}`)
    .replace(/^(npm start --)/gm, `$1 ${ports}`);
}

const said = (line: number): string => `said-${line}.txt`;

/** Runs all steps in one shell, as a reader does, and leaves in `said-<line>.txt` what each one said. */
export function scriptOf(steps: readonly Step[]): string {
  const parts = steps.map((step) => {
    const commands = withFreePorts(step.commands);
    const file = `"$SAID/${said(step.line)}"`;
    const stops = 'stop\n'.repeat(step.stops) + `echo 'line ${step.line}'\n`;
    switch (step.kind) {
      case 'runs':
        return `${stops}{\n${commands}} > ${file} 2>&1 < /dev/null`;
      case 'fails':
        return `${stops}if (\n${commands}) > ${file} 2>&1; then echo 'it must fail'; exit 1; fi`;
      case 'stays':
        return `${stops}( exec ${commands.trimEnd()} ) > ${file} 2>&1 < /dev/null &\n${stayed(file, step)}`;
    }
  });
  return [HEAD, ...parts, 'for pid in $STAYING; do stop; done', ''].join('\n');
}

/** Remembers what was started last, and waits until it has said what it should. */
function stayed(file: string, { output }: Step): string {
  const wait = output.length === 0 ? '' : `\nappears ${file} ${quoted(output)}`;
  return `STAYING="$! $STAYING"${wait}`;
}

/** `-m` gives what stays a process group of its own, which Ctrl-C reaches as on a terminal. */
const HEAD = `set -euom pipefail
unset NODE_ENV # a reader has none, and what is built on the way must be what a reader builds
STAYING=
stop() {
  set -- $STAYING
  kill -INT -- "-$1"
  for _ in $(seq 300); do
    kill -0 -- "-$1" 2> /dev/null || break
    sleep 0.1
  done
  shift
  STAYING="$*"
}
appears() {
  for _ in $(seq 300); do
    if grep -q -e "$2" "$1"; then return; fi
    sleep 0.2
  done
  echo "not said: $2"
  exit 1
}
`;

/** The last line of an answer as a pattern of grep. */
function quoted(output: readonly string[]): string {
  const last = output.at(-1) ?? '';
  const pattern = last.replace(/[\\.*^$[\]]/g, '\\$&').replaceAll('…', '.*');
  return `'${pattern.replaceAll("'", `'\\''`)}'`;
}

/** The first line of `expected` that does not follow in `text`. */
export function missing(expected: readonly string[], text: string): string | undefined {
  let rest = text.split('\n').map(squeezed);
  return expected.find((line) => {
    const parts = squeezed(line).split('…').map(escaped);
    const pattern = new RegExp(`^${parts.join('.*')}$`);
    const at = rest.findIndex((candidate) => pattern.test(candidate));
    rest = rest.slice(at + 1);
    return at < 0;
  });
}

const squeezed = (line: string): string => line.trim().replace(/\s+/g, ' ');
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
