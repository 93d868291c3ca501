import type { Hash, RunId } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { amountColumn, bytesColumn, u32Column } from '../columns.js';

/**
 * `proposed`: on the chain, not yet accepted there. `running` until the run loop has given its outcome. A restart
 * goes on with every run in these two states.
 */
export type RunStatus = 'proposed' | 'running' | 'completed' | 'failed' | 'cancelled';

/** A run of this coordinator; its id is the chain's. */
@Entity('runs')
export class RunEntity {
  @PrimaryColumn(u32Column('id'))
  id!: RunId;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column(bytesColumn('spec_hash'))
  specHash!: Hash;

  /** Canonical JSON: exactly the bytes behind specHash. */
  @Column({ name: 'spec', type: 'text' })
  spec!: string;

  @Column(bytesColumn('genesis_model'))
  genesisModel!: Hash;

  @Column(amountColumn('pot'))
  pot!: bigint;

  @Column({ name: 'status', type: 'text' })
  status!: RunStatus;

  /** Why it did not play all its rounds, for people. */
  @Column({ name: 'reason', type: 'text', nullable: true })
  reason!: string | null;

  /** The newest committed model: the genesis model before the first round. */
  @Column(bytesColumn('model'))
  model!: Hash;

  /** Smaller numbers than this that are not closed are not used any more; 0 until the chain voids rounds. */
  @Column({ ...u32Column('void_until'), default: 0 })
  voidUntil!: number;

  /** Number of the last event row; allots event numbers under this row's lock. */
  @Column(u32Column('last_event'))
  lastEvent!: number;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  /** Set when somebody asked to stop it; survives a restart. */
  @Column({ name: 'stop_at', type: 'timestamptz', nullable: true })
  stopAt!: Date | null;

  /** Set while it opens no further round; survives a restart. */
  @Column({ name: 'paused_at', type: 'timestamptz', nullable: true })
  pausedAt!: Date | null;

  @Column({ name: 'ended_at', type: 'timestamptz', nullable: true })
  endedAt!: Date | null;

  /** The run is closed on the chain as soon as nothing of it is pending. */
  @Column({ name: 'close_when_settled', type: 'boolean', default: false })
  closeWhenSettled!: boolean;

  /** When every round that is paid for was in a settled epoch. */
  @Column({ name: 'settled_at', type: 'timestamptz', nullable: true })
  settledAt!: Date | null;

  /** When the chain had given the rest of the pot back. */
  @Column({ name: 'closed_at', type: 'timestamptz', nullable: true })
  closedAt!: Date | null;

  /** Id of the user who launched it; NULL before there were users. */
  @Column({ name: 'owner', type: 'text', nullable: true })
  owner!: string | null;
}
