import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from '../../auth/permissions.js';

/** What a group of the OIDC provider may do here. */
@Entity('groups')
export class GroupEntity {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'role', type: 'text' })
  role!: Role;

  @Column({ name: 'organisation', type: 'text', nullable: true })
  organisation!: string | null;
}
