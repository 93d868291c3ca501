import type { AccountId, OrganisationId } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bytesColumn, u32Column } from '../columns.js';

/** An organisation as registered on the chain; its id is the chain's. */
@Entity('organisations')
export class OrganisationEntity {
  @PrimaryColumn(u32Column('id'))
  id!: OrganisationId;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column(bytesColumn('payout'))
  payout!: AccountId;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
