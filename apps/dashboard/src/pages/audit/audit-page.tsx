import { type ReactNode, useEffect, useState } from 'react';
import { Link } from 'wouter';
import { NOT_PROVED } from '@tallystick/audit/recompute';
import type { RunView } from '@tallystick/protocol';
import { nowMs } from '../../api/coordinator.js';
import { useData } from '../../api/use-data.js';
import { keepVerdict } from '../../api/verdicts.js';
import type { Params } from '../index.js';
import './audit.css';
import { StepList } from './step-list.js';
import { type AuditState, useAudit } from './use-audit.js';

/** What this browser left out, besides what no audit can prove. */
const NOT_HERE = [
  'that blocks follow from their transactions: no block is executed here',
  'that models follow from updates: no update is read here',
  'that nodes and genesis are real: this page holds no key of its own to compare with',
];

export default function AuditPage({ params }: { readonly params: Params }): ReactNode {
  const run = Number(params['run']);
  const audit = useAudit(run);
  useRemembered(run, audit);
  return (
    <article className="audit">
      <h1>
        Audit of run <Link href={`/runs/${run}`}>{run}</Link>
      </h1>
      <p role="status" className={`verdict ${toneOf(audit)}`}>
        <Sentence audit={audit} />
      </p>
      <p>
        <button type="button" onClick={audit.again} disabled={audit.endedAtMs === undefined}>
          Re-check
        </button>
      </p>
      <h2>Steps</h2>
      <StepList audit={audit} />
      <Limits audit={audit} run={run} />
    </article>
  );
}

/** The list of runs shows what this browser found last. */
function useRemembered(run: number, { result, endedAtMs }: AuditState): void {
  const { value } = useData<RunView>(`runs/${run}`);
  useEffect(() => {
    if (value === undefined || result === undefined || endedAtMs === undefined) return;
    const finding = result.finding?.record ?? null;
    keepVerdict(value, { rounds: result.rounds, finding, atMs: endedAtMs });
  }, [value, result, endedAtMs]);
}

function toneOf({ result, trouble }: AuditState): string {
  if (trouble !== undefined) return 'unknown';
  if (result === undefined) return 'running';
  return result.finding === null ? 'good' : 'bad';
}

function Sentence({ audit }: { readonly audit: AuditState }): ReactNode {
  const { result, trouble, progress, endedAtMs } = audit;
  if (trouble !== undefined) return <>? Not recomputed: {trouble}</>;
  if (result === undefined) {
    if (progress === undefined) return <>… Recomputing</>;
    return (
      <>
        … Recomputing: {progress.done} of {progress.of} {progress.what}
      </>
    );
  }
  const { finding, rounds, committed } = result;
  if (finding === null) {
    return (
      <>
        ✓ {rounds} of {committed} rounds recomputed from chain and files, by this browser,{' '}
        <Age sinceMs={endedAtMs ?? 0} />
      </>
    );
  }
  const place = finding.round === undefined ? 'The chain' : `Round ${finding.round}`;
  return (
    <>
      ✗ {place} does not fit: {finding.record}, found by this browser{' '}
      <Age sinceMs={endedAtMs ?? 0} />
    </>
  );
}

function Age({ sinceMs }: { readonly sinceMs: number }): ReactNode {
  const [now, setNow] = useState(nowMs);
  useEffect(() => {
    const timer = setInterval(() => setNow(nowMs()), 5_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.round((now - sinceMs) / 1_000));
  return <time>{seconds} s ago</time>;
}

function Limits({ audit, run }: { readonly audit: AuditState; readonly run: number }): ReactNode {
  const { result, script } = audit;
  return (
    <>
      <h2>What this does not prove</h2>
      <ul>
        {[...NOT_HERE, ...NOT_PROVED].map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <p>
        This page was served by the coordinator, so it cannot clear the coordinator: whoever serves
        the page could serve another verifier. Its script has the SHA-256{' '}
        <code>{script ?? '–'}</code>. To be independent of it, export the run and verify it with a
        program of your own:
      </p>
      <Line text={`tally audit export ${run} run-${run}`} />
      <Line text={`tally audit verify run-${run}`} />
      <dl className="difference">
        <dt>Genesis</dt>
        <dd>
          <code>{result?.genesis ?? '–'}</code>
        </dd>
        <dt>Finalised block</dt>
        <dd>{result?.head?.number ?? '–'}</dd>
      </dl>
    </>
  );
}

/** A command with a button that copies it. */
function Line({ text }: { readonly text: string }): ReactNode {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(() => setCopied(true));
  };
  return (
    <p className="line">
      <code>{text}</code>{' '}
      <button type="button" className="quiet" onClick={copy} aria-label={`Copy: ${text}`}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </p>
  );
}
