import { Module } from '@nestjs/common';
import { Deployment } from '../deployment.js';
import { FigureRows } from '../persistence/figure-rows.js';
import { NodeRows } from '../persistence/node-rows.js';
import { EnrolmentController } from './enrolment.controller.js';
import { Enrolment } from './enrolment.js';
import { Members } from './members.js';
import { NodeChanges } from './node-changes.js';
import { NodeDirectory } from './node-directory.js';

/** Organisations, invites, nodes: who may come in, and who may take part. */
@Module({
  controllers: [EnrolmentController],
  providers: [
    {
      provide: Enrolment,
      inject: [Deployment, NodeRows, Members],
      useFactory: (deployment: Deployment, rows: NodeRows, members: Members) =>
        new Enrolment({
          ledger: deployment.ledger,
          signer: deployment.signer,
          treasury: deployment.treasury,
          nodeCap: deployment.nodeCap,
          publicUrl: () => deployment.publicUrl,
          pin: () => deployment.tls?.pin,
          peers: deployment.peers,
          entropy: deployment.entropy,
          sha256: deployment.sha256,
          ed25519: deployment.ed25519,
          rows,
          members,
        }),
    },
    {
      provide: NodeChanges,
      inject: [Deployment, NodeRows, Members],
      useFactory: ({ ledger, ed25519 }: Deployment, rows: NodeRows, members: Members) =>
        new NodeChanges({ rows, ledger, members, ed25519 }),
    },
    {
      provide: NodeDirectory,
      inject: [NodeRows, Members, FigureRows],
      useFactory: (rows: NodeRows, members: Members, figures: FigureRows) =>
        new NodeDirectory({ rows, members, figures }),
    },
    {
      provide: Members,
      inject: [Deployment],
      useFactory: ({ ledger, clock }: Deployment) => new Members(ledger, clock),
    },
  ],
  exports: [Enrolment, Members, NodeChanges, NodeDirectory],
})
export class RegistryModule {}
