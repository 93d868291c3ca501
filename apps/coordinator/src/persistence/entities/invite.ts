import type { Hash, NodeId, OrganisationId } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bytesColumn, nullable, u32Column } from '../columns.js';

/** A one-time enrolment token, known only by its SHA-256. */
@Entity('invites')
export class InviteEntity {
  @PrimaryColumn(bytesColumn('token_hash'))
  tokenHash!: Hash;

  @Column(u32Column('organisation_id'))
  organisationId!: OrganisationId;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'used_at', type: 'timestamptz', nullable: true })
  usedAt!: Date | null;

  @Column(nullable(u32Column('node_id')))
  nodeId!: NodeId | null;
}
