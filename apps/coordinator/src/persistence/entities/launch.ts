import type { Hash } from '@tallystick/kernel';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { amountColumn, bytesColumn } from '../columns.js';

/** A launch that is not a run yet: written before the run is proposed on the chain, gone with the run's row. */
@Entity('launches')
export class LaunchEntity {
  @PrimaryGeneratedColumn({ name: 'id', type: 'bigint' })
  id!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column(bytesColumn('spec_hash'))
  specHash!: Hash;

  @Column({ name: 'spec', type: 'text' })
  spec!: string;

  @Column(bytesColumn('genesis_model'))
  genesisModel!: Hash;

  @Column(amountColumn('pot'))
  pot!: bigint;

  @Column({ name: 'close_when_settled', type: 'boolean' })
  closeWhenSettled!: boolean;

  @Column({ name: 'begun_at', type: 'timestamptz' })
  begunAt!: Date;

  /** Id of the user who launched it; NULL before there were users. */
  @Column({ name: 'owner', type: 'text', nullable: true })
  owner!: string | null;
}
