import type { Hash } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bytesColumn } from '../columns.js';

/** A browser that is signed in, known only by the SHA-256 of its cookie. */
@Entity('sessions')
export class SessionEntity {
  /** What lists and revocations call it; opens nothing. */
  @PrimaryColumn({ name: 'id', type: 'text' })
  id!: string;

  @Column(bytesColumn('hash'))
  hash!: Hash;

  @Column({ name: 'user_id', type: 'text' })
  userId!: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'seen_at', type: 'timestamptz' })
  seenAt!: Date;

  @Column({ name: 'address', type: 'text' })
  address!: string;
}
