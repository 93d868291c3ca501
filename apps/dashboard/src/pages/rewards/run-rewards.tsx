import type { EpochList, EpochView, RewardList } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { useMe } from '../../api/session.js';
import { useData } from '../../api/use-data.js';
import { DataTable } from '../../parts/data-table.js';
import { IdChip } from '../../parts/id-chip.js';
import { Status } from '../../parts/status.js';
import { Trouble } from '../../parts/trouble.js';
import { whole } from '../../parts/words.js';
import { sumOf } from './sum-of.js';

const LOOK_MS = 5_000;

/** The pot of a run: what was promised in which epoch, who was paid, and what goes back. */
export function RunRewards({ run }: { readonly run: number }): ReactNode {
  const rewards = useData<RewardList>(`runs/${run}/rewards`, LOOK_MS);
  const epochs = useData<EpochList>(`runs/${run}/epochs`, LOOK_MS);
  const error = rewards.error ?? epochs.error;
  return (
    <>
      <h2>Run {run}</h2>
      {error === undefined ? null : <Trouble error={error} />}
      {rewards.value === undefined ? null : <Pot list={rewards.value} />}
      {rewards.value === undefined ? null : <Accounts list={rewards.value} />}
      {epochs.value === undefined ? null : <Epochs epochs={epochs.value.epochs} />}
    </>
  );
}

function Pot({ list }: { readonly list: RewardList }): ReactNode {
  const { funded, allotted, paid, refund, isClosed } = list;
  const open = (BigInt(funded) - BigInt(allotted)).toString();
  return (
    <>
      <dl className="facts">
        <dt>Held by the chain</dt>
        <dd>{whole(funded)}</dd>
        <dt>Promised in settled epochs</dt>
        <dd>{whole(allotted)}</dd>
        <dt>Claimed and paid</dt>
        <dd>{whole(paid)}</dd>
        <dt>Not promised to anybody</dt>
        <dd>
          {whole(open)}
          {isClosed ? '' : ', goes back to the owner when the run is closed'}
        </dd>
        <dt>Given back</dt>
        <dd>{isClosed ? whole(refund) : 'the run is not closed'}</dd>
      </dl>
      <p className="note">
        Amounts are counted in the smallest there are: a unit has 10¹² of them. No button of this
        page moves any: they follow from signed records, and an account claims with its own key (
        <code>tally rewards claim {list.run}</code>).
      </p>
    </>
  );
}

function Accounts({ list }: { readonly list: RewardList }): ReactNode {
  const { rewards, allotted } = list;
  const { role } = useMe();
  const sum = sumOf(rewards.map(({ entitled }) => entitled));
  return (
    <>
      <h3>Accounts</h3>
      <DataTable
        label="Accounts"
        query="accounts"
        rows={rewards}
        keyOf={({ account }) => account}
        empty={
          role === 'site'
            ? 'Nothing is promised to your organisation yet.'
            : 'Nothing is promised yet.'
        }
        columns={[
          {
            id: 'account',
            title: 'Account',
            order: ({ account }) => account,
            cell: ({ account }) => <IdChip id={account} what="account" />,
          },
          {
            id: 'entitled',
            title: 'Earned',
            isNumber: true,
            cell: ({ entitled }) => whole(entitled),
          },
          { id: 'paid', title: 'Claimed', isNumber: true, cell: ({ paid }) => whole(paid) },
          { id: 'due', title: 'Due now', isNumber: true, cell: ({ due }) => whole(due) },
        ]}
      />
      <p className="strip">
        <span>
          Σ earned {whole(sum)}
          {role === 'site' ? ` of ${whole(allotted)} promised to all` : ''}
        </span>
        <span>Σ claimed {whole(sumOf(rewards.map(({ paid }) => paid)))}</span>
        <span>Σ due now {whole(sumOf(rewards.map(({ due }) => due)))}</span>
        {role === 'site' ? null : <Fit sum={sum} allotted={allotted} />}
      </p>
    </>
  );
}

/** Whether what the accounts earned is what the chain says was promised. */
function Fit({ sum, allotted }: { readonly sum: string; readonly allotted: string }): ReactNode {
  return sum === allotted ? (
    <span className="good">✓ Σ earned = promised</span>
  ) : (
    <span className="reason">Σ earned is not what is promised: {whole(allotted)}</span>
  );
}

function Epochs({ epochs }: { readonly epochs: readonly EpochView[] }): ReactNode {
  return (
    <>
      <h3>Epochs</h3>
      <DataTable
        label="Epochs"
        query="epochs"
        rows={epochs}
        keyOf={({ epoch }) => epoch}
        empty="No epoch is settled yet."
        columns={[
          { id: 'epoch', title: 'Epoch', isNumber: true, cell: ({ epoch }) => epoch },
          {
            id: 'rounds',
            title: 'Rounds',
            cell: ({ firstRound, lastRound }) => `${firstRound} to ${lastRound}`,
          },
          {
            id: 'status',
            title: 'Status',
            cell: ({ status, isFinal }) => <Status word={isFinal ? 'final' : status} />,
          },
          {
            id: 'accounts',
            title: 'Accounts',
            isNumber: true,
            cell: ({ accounts }) => accounts,
          },
          {
            id: 'total',
            title: 'Promised until then',
            isNumber: true,
            cell: ({ total }) => whole(total),
          },
          {
            id: 'record',
            title: 'Record',
            cell: ({ recordHash, epoch }) => (
              <IdChip id={recordHash} what={`record of epoch ${epoch}`} />
            ),
          },
        ]}
      />
    </>
  );
}
