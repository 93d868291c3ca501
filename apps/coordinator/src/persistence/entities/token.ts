import type { Hash } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Permission } from '../../auth/permissions.js';
import { bytesColumn } from '../columns.js';

/** An API token, known only by its id and the SHA-256 of its secret. */
@Entity('tokens')
export class TokenEntity {
  @PrimaryColumn({ name: 'id', type: 'text' })
  id!: string;

  @Column(bytesColumn('hash'))
  hash!: Hash;

  @Column({ name: 'user_id', type: 'text' })
  userId!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'scopes', type: 'text', array: true })
  scopes!: Permission[];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt!: Date;

  @Column({ name: 'used_at', type: 'timestamptz', nullable: true })
  usedAt!: Date | null;
}
