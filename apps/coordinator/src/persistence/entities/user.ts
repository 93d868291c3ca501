import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from '../../auth/permissions.js';

/** Somebody who can sign in. `operator` is the row of the api-token file: nobody signs in by its name. */
@Entity('users')
export class UserEntity {
  @PrimaryColumn({ name: 'id', type: 'text' })
  id!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'role', type: 'text' })
  role!: Role;

  /** Name of the organisation of a `site`; NULL for every other role. */
  @Column({ name: 'organisation', type: 'text', nullable: true })
  organisation!: string | null;

  @Column({ name: 'source', type: 'text' })
  source!: 'local' | 'oidc' | 'operator';

  /** Argon2id in PHC form; NULL for whoever has no password here. */
  @Column({ name: 'password', type: 'text', nullable: true })
  password!: string | null;

  /** Who vouches for an OIDC user, and under which name it knows them. */
  @Column({ name: 'issuer', type: 'text', nullable: true })
  issuer!: string | null;

  @Column({ name: 'subject', type: 'text', nullable: true })
  subject!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'disabled_at', type: 'timestamptz', nullable: true })
  disabledAt!: Date | null;
}
