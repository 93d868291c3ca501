import type { ReactNode } from 'react';

/** Word, shape and colour: none of them alone. */
const LOOKS: Readonly<Record<string, readonly [shape: string, tone: string]>> = {
  queued: ['◌', 'idle'],
  running: ['●', 'work'],
  paused: ['❚❚', 'idle'],
  completed: ['✓', 'good'],
  failed: ['✗', 'bad'],
  cancelled: ['■', 'idle'],
  anchoring: ['◔', 'work'],
  committed: ['✓', 'good'],
  void: ['✗', 'bad'],
  online: ['●', 'good'],
  offline: ['○', 'idle'],
  pending: ['◔', 'idle'],
  revoked: ['✗', 'bad'],
  suspended: ['❚❚', 'warn'],
  active: ['●', 'good'],
  disabled: ['○', 'idle'],
  settled: ['◔', 'work'],
  final: ['✓', 'good'],
  objected: ['⊘', 'warn'],
  offered: ['◌', 'work'],
  accepted: ['◕', 'good'],
  counted: ['✓', 'good'],
  declined: ['⊘', 'warn'],
  silent: ['…', 'warn'],
  late: ['»', 'warn'],
  refused: ['✗', 'bad'],
  unused: ['−', 'idle'],
  asked: ['◌', 'work'],
  fetching: ['●', 'work'],
  training: ['●', 'work'],
  sending: ['◔', 'work'],
  promised: ['◕', 'good'],
  'not counted': ['−', 'warn'],
  'taking tasks': ['●', 'good'],
  withdrawn: ['■', 'bad'],
  connected: ['●', 'good'],
  'not connected': ['○', 'warn'],
};

export function Status({ word }: { readonly word: string }): ReactNode {
  const [shape, tone] = LOOKS[word] ?? ['◌', 'idle'];
  return (
    <span className="status" data-tone={tone}>
      <span aria-hidden="true">{shape}</span> {word}
    </span>
  );
}

/** The same as one cell of a grid. */
export function StateCell({ word }: { readonly word: string | null }): ReactNode {
  if (word === null) return <span className="muted">–</span>;
  const [shape, tone] = LOOKS[word] ?? ['◌', 'idle'];
  return (
    <span className="cell" data-tone={tone} title={word}>
      <span aria-hidden="true">{shape}</span>
      <span className="spoken">{word}</span>
    </span>
  );
}
