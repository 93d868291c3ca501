import { type Fault, LIMITS } from '@tallystick/protocol';
import { type ReactNode, useRef } from 'react';

/** Faults that are shown; a file with more has one cause. */
const MAX_SHOWN = 20;
/** What is kept of a text: enough to tell that it is too large. */
const MAX_CHARS = LIMITS.maxRunSpecBytes + 1;
/** Lines with a number; what is pasted may have millions. */
const MAX_NUMBERED = 2_000;

interface Props {
  readonly text: string;
  readonly faults: readonly Fault[];
  readonly onText: (text: string) => void;
}

/** run.yaml with numbered lines; every fault names its line, and a press goes there. */
export function Editor({ text, faults, onText }: Props): ReactNode {
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLOListElement>(null);
  const lines = text.split('\n');
  const wrong = new Set(faults.map(({ line }) => line));
  const goTo = ({ line, column }: Fault): void => {
    const at = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
    area.current?.focus();
    area.current?.setSelectionRange(at, at);
  };
  const follow = (): void => {
    if (gutter.current !== null && area.current !== null)
      gutter.current.scrollTop = area.current.scrollTop;
  };
  return (
    <section aria-label="run.yaml">
      <h2>
        <label htmlFor="run-yaml">run.yaml</label>
      </h2>
      <div className="editor">
        <ol ref={gutter} aria-hidden="true">
          {lines.slice(0, MAX_NUMBERED).map((_, i) => (
            <li key={i} data-wrong={wrong.has(i + 1)}>
              {i + 1}
            </li>
          ))}
        </ol>
        <textarea
          id="run-yaml"
          ref={area}
          value={text}
          spellCheck={false}
          wrap="off"
          rows={30}
          aria-invalid={faults.length > 0}
          aria-describedby="faults"
          onScroll={follow}
          onChange={(event) => onText(event.target.value.slice(0, MAX_CHARS))}
        />
      </div>
      <div id="faults" role="status">
        {faults.length === 0 ? <p className="good">✓ no fault</p> : null}
        <ul className="faults">
          {faults.slice(0, MAX_SHOWN).map((fault) => (
            <li key={`${fault.line}:${fault.column} ${fault.path} ${fault.message}`}>
              <button type="button" className="quiet" onClick={() => goTo(fault)}>
                line {fault.line}
              </button>{' '}
              <code>{fault.path}</code> {fault.message}
            </li>
          ))}
        </ul>
        {faults.length > MAX_SHOWN ? <p>and {faults.length - MAX_SHOWN} more</p> : null}
      </div>
    </section>
  );
}
