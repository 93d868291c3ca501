import type { AccountId, NodeId, OrganisationId, PublicKey } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bytesColumn, u32Column, u64Column } from '../columns.js';

/** A node that joined here. Whether it may take part is the chain's word (LedgerView.eligible), never this row's. */
@Entity('nodes')
export class NodeEntity {
  @PrimaryColumn(u32Column('id'))
  id!: NodeId;

  @Column(u32Column('organisation_id'))
  organisationId!: OrganisationId;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column(bytesColumn('key'))
  key!: PublicKey;

  @Column(bytesColumn('owner'))
  owner!: AccountId;

  @Column(u64Column('cap'))
  cap!: bigint;

  /** Protocol violations seen from this node. */
  @Column({ name: 'strikes', type: 'integer' })
  strikes!: number;

  @Column({ name: 'joined_at', type: 'timestamptz' })
  joinedAt!: Date;

  /** When the registrar's admission was final; NULL while it is still to be done. */
  @Column({ name: 'admitted_at', type: 'timestamptz', nullable: true })
  admittedAt!: Date | null;

  @Column({ name: 'seen_at', type: 'timestamptz', nullable: true })
  seenAt!: Date | null;

  /** Set while the operator does not let it in. */
  @Column({ name: 'suspended_at', type: 'timestamptz', nullable: true })
  suspendedAt!: Date | null;
}
