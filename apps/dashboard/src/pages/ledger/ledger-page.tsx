import { type ReactNode, useEffect, useState } from 'react';
import type { LedgerView, RunList } from '@tallystick/protocol';
import type { StoredItem } from '@tallystick/audit/recompute';
import { Link, useSearchParams } from 'wouter';
import { nowMs } from '../../api/coordinator.js';
import { useData } from '../../api/use-data.js';
import { Trouble } from '../../parts/trouble.js';
import '../audit/audit.css';
import { askVerifier } from '../audit/ask-verifier.js';
import type { Word } from '../audit/questions.js';

const EVERY_MS = 5_000;

export default function LedgerPage(): ReactNode {
  const { value, error } = useData<LedgerView>('ledger', EVERY_MS);
  return (
    <article className="ledger">
      <h1>Ledger</h1>
      {error === undefined ? null : <Trouble error={error} />}
      {value === undefined ? null : (
        <>
          <Where view={value} />
          <Costs view={value} />
        </>
      )}
      <Stored />
    </article>
  );
}

function secondsSince(atMs: number): string {
  return `${Math.max(0, Math.round((nowMs() - atMs) / 1_000))} s ago`;
}

function Where({ view }: { readonly view: LedgerView }): ReactNode {
  const { finalized, outbox, genesis } = view;
  return (
    <dl className="difference">
      <dt>Finalised block</dt>
      <dd>
        {finalized.block}, sealed {secondsSince(finalized.atMs)}
      </dd>
      <dt>Its hash</dt>
      <dd>
        <code>{finalized.hash}</code>
      </dd>
      <dt>Genesis</dt>
      <dd>
        <code>{genesis}</code>
      </dd>
      <dt>Waiting in the outbox</dt>
      <dd>
        {outbox.waiting} rounds
        {outbox.oldestAtMs === null ? null : (
          <>, the oldest queued {secondsSince(outbox.oldestAtMs)}</>
        )}
      </dd>
    </dl>
  );
}

function Costs({ view: { costs } }: { readonly view: LedgerView }): ReactNode {
  return (
    <>
      <h2 id="costs">Cost of the newest rounds</h2>
      <div className="scroll" tabIndex={0} role="region" aria-labelledby="costs">
        <table>
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">Round</th>
              <th scope="col">Block</th>
              <th scope="col">Bytes on chain</th>
              <th scope="col">Seconds to finality</th>
            </tr>
          </thead>
          <tbody>
            {costs.map(({ run, round, block, bytes, waitedMs }) => (
              <tr key={`${run}/${round}`}>
                <td>
                  <Link href={`/runs/${run}`}>{run}</Link>
                </td>
                <td>
                  <Link href={`/runs/${run}/rounds/${round}`}>{round}</Link>
                </td>
                <td>{block ?? '–'}</td>
                <td>{bytes}</td>
                <td>{(waitedMs / 1_000).toFixed(1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** What the chain holds of one run, decoded here from bytes that were proved here. */
function Stored(): ReactNode {
  const [search, setSearch] = useSearchParams();
  const { value } = useData<RunList>('runs');
  const runs = value?.runs ?? [];
  const chosen = search.get('run') ?? String(runs.at(-1)?.run ?? '');
  return (
    <>
      <h2>On the chain</h2>
      <p>
        <label>
          Run{' '}
          <select value={chosen} onChange={({ target }) => setSearch({ run: target.value })}>
            {runs.map(({ run, name }) => (
              <option key={run} value={run}>
                {run} {name}
              </option>
            ))}
          </select>
        </label>
      </p>
      {chosen === '' ? null : <Items run={Number(chosen)} />}
    </>
  );
}

function Items({ run }: { readonly run: number }): ReactNode {
  const [word, setWord] = useState<Word>();
  const [turn, setTurn] = useState(0);
  useEffect(() => askVerifier({ kind: 'items', run }, setWord).stop, [run, turn]);
  const isTrouble = word?.kind === 'trouble';
  useEffect(() => {
    if (!isTrouble) return;
    const timer = setInterval(() => setTurn((before) => before + 1), EVERY_MS);
    return () => clearInterval(timer);
  }, [isTrouble]);
  if (word?.kind === 'trouble') return <p role="alert">? Not read: {word.message}</p>;
  if (word?.kind !== 'items') return <p role="status">… Reading with proof</p>;
  return (
    <>
      <p role="status">
        ✓ {word.items.length} items proved by this browser against the state root of block{' '}
        {word.block}
      </p>
      {word.items.map((item) => (
        <Item key={item.key} item={item} />
      ))}
    </>
  );
}

function Item({ item }: { readonly item: StoredItem }): ReactNode {
  return (
    <details>
      <summary>{item.name}</summary>
      <dl className="difference">
        {item.fields.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{value}</code>
            </dd>
          </div>
        ))}
        <dt>Key</dt>
        <dd>
          <code>{item.key}</code>
        </dd>
        <dt>SCALE</dt>
        <dd>
          <code>{item.raw}</code>
        </dd>
      </dl>
    </details>
  );
}
