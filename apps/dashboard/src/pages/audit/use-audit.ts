import { useCallback, useEffect, useState } from 'react';
import type { Progress, Recomputed, StepResult } from '@tallystick/audit/recompute';
import { nowMs } from '../../api/coordinator.js';
import { askVerifier } from './ask-verifier.js';

/** What is known of an audit that this browser makes. */
export interface AuditState {
  readonly steps: readonly StepResult[];
  readonly progress: Progress | undefined;
  readonly result: Recomputed | undefined;
  /** SHA-256 of the verifier's script. */
  readonly script: string | undefined;
  readonly trouble: string | undefined;
  /** When it ended, milliseconds. */
  readonly endedAtMs: number | undefined;
}

const BEGUN: AuditState = {
  steps: [],
  progress: undefined,
  result: undefined,
  script: undefined,
  trouble: undefined,
  endedAtMs: undefined,
};

/** Recomputes `run` when the page opens, and again on `again`. */
export function useAudit(run: number): AuditState & { readonly again: () => void } {
  const [state, setState] = useState(BEGUN);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    setState(BEGUN);
    const { stop } = askVerifier({ kind: 'recompute', run }, (word) => {
      const endedAtMs = nowMs();
      setState((before) => {
        switch (word.kind) {
          case 'step':
            return { ...before, steps: [...before.steps, word.step] };
          case 'progress':
            return { ...before, progress: word.progress };
          case 'recomputed':
            return { ...before, result: word.result, script: word.script, endedAtMs };
          case 'trouble':
            return { ...before, trouble: word.message, endedAtMs };
          case 'items':
            return before;
        }
      });
    });
    return stop;
  }, [run, turn]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  return { ...state, again };
}
