import type { RoundMembers, RoundView } from '@tallystick/protocol';
import type { ReactNode } from 'react';
import { IdChip } from '../../parts/id-chip.js';
import { MISSING, whole } from '../../parts/words.js';

const MODES = ['in the clear', 'masked', 'asynchronous'];

interface Props {
  readonly round: RoundView;
  readonly header: NonNullable<RoundMembers['header']>;
}

/** The fields of the signed header and what each of them commits to. */
export function HeaderFacts({ round, header }: Props): ReactNode {
  const { commit } = round;
  return (
    <>
      <h2>Header</h2>
      <dl className="facts">
        <Fact name="Header" what="header hash" id={round.header} />
        <Fact name="Header before" what="hash of the header before" id={header.prev} />
        <Fact name="Task" what="task hash" id={header.task} />
        <dt>Chain facts of block</dt>
        <dd>{header.atBlock}</dd>
        <dt>Aggregated</dt>
        <dd>{MODES[header.mode] ?? header.mode}</dd>
        <Fact name="Model before" what="model before" id={round.modelBefore} />
        <Fact name="Model after" what="model after" id={round.modelAfter} />
        <Fact name="Server state after" what="state" id={header.stateAfter} />
        <dt>Σ weight</dt>
        <dd>{whole(round.sumWeight)}</dd>
        <dt>On chain</dt>
        <dd>
          {commit === null ? (
            'not in a finalised block yet'
          ) : (
            <>
              block {commit.block} <IdChip id={commit.blockHash} what="block hash" />
            </>
          )}
        </dd>
        <dt>Extrinsic</dt>
        <dd>
          {commit === null ? MISSING : <IdChip id={commit.extrinsic} what="extrinsic hash" />}
        </dd>
      </dl>
      <h2>Tree</h2>
      <ul className="tree">
        <li>
          header <IdChip id={round.header} what="header hash" />
          <ul>
            <li>
              {round.included} contributions{' '}
              <IdChip id={header.contribRoot} what="root of the contributions" />
            </li>
            <li>
              {round.excluded} exclusions{' '}
              <IdChip id={header.excludedRoot} what="root of the exclusions" />
            </li>
            <li>
              metrics <IdChip id={header.metrics} what="hash of the metrics" />
            </li>
          </ul>
        </li>
      </ul>
    </>
  );
}

function Fact({
  name,
  what,
  id,
}: {
  readonly name: string;
  readonly what: string;
  readonly id: string;
}): ReactNode {
  return (
    <>
      <dt>{name}</dt>
      <dd>{/^0+$/.test(id) ? 'none' : <IdChip id={id} what={what} />}</dd>
    </>
  );
}
