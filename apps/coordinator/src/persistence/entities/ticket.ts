import type { Hash } from '@tallystick/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bytesColumn } from '../columns.js';

/** A one-time sign-in link of the operator, known only by the SHA-256 of its secret; gone with its use. */
@Entity('tickets')
export class TicketEntity {
  @PrimaryColumn(bytesColumn('hash'))
  hash!: Hash;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
