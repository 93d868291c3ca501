import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A privileged act: who did what to what, when, and what came of it. A trigger refuses every change of a row. */
@Entity('acts')
export class ActEntity {
  @PrimaryGeneratedColumn('identity', { name: 'id', type: 'bigint' })
  id!: string;

  @Column({ name: 'at', type: 'timestamptz' })
  at!: Date;

  /** Kind of the principal; `nobody` before somebody is known. */
  @Column({ name: 'kind', type: 'text' })
  kind!: string;

  @Column({ name: 'who', type: 'text' })
  who!: string;

  @Column({ name: 'name', type: 'text' })
  name!: string;

  @Column({ name: 'act', type: 'text' })
  act!: string;

  @Column({ name: 'object', type: 'text' })
  object!: string;

  /** `done`, or the code it was refused or failed with. */
  @Column({ name: 'outcome', type: 'text' })
  outcome!: string;

  @Column({ name: 'address', type: 'text' })
  address!: string;
}
