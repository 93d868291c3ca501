import { ContributionEntity } from './contribution.js';
import { DeclineEntity } from './decline.js';
import { EpochEntity } from './epoch.js';
import { EvaluationEntity } from './evaluation.js';
import { EventEntity } from './event.js';
import { InviteEntity } from './invite.js';
import { LaunchEntity } from './launch.js';
import { NodeEntity } from './node.js';
import { OrganisationEntity } from './organisation.js';
import { OutboxEntity } from './outbox.js';
import { RoundEntity } from './round.js';
import { RunEntity } from './run.js';
import { ActEntity } from './act.js';
import { GroupEntity } from './group.js';
import { SessionEntity } from './session.js';
import { TicketEntity } from './ticket.js';
import { TokenEntity } from './token.js';
import { UserEntity } from './user.js';
import { VoidEntity } from './void.js';

export { type CommitStatus, OutboxEntity, type OutboxStatus } from './outbox.js';
export { type RunStatus, RunEntity } from './run.js';
export {
  ContributionEntity,
  DeclineEntity,
  EpochEntity,
  EvaluationEntity,
  EventEntity,
  InviteEntity,
  LaunchEntity,
  NodeEntity,
  OrganisationEntity,
  RoundEntity,
  ActEntity,
  GroupEntity,
  SessionEntity,
  TicketEntity,
  TokenEntity,
  UserEntity,
  VoidEntity,
};

/** Every entity, listed by hand: nothing is found by a glob. */
export const ENTITIES = [
  ContributionEntity,
  DeclineEntity,
  EpochEntity,
  EvaluationEntity,
  EventEntity,
  InviteEntity,
  LaunchEntity,
  NodeEntity,
  OrganisationEntity,
  OutboxEntity,
  RoundEntity,
  RunEntity,
  ActEntity,
  GroupEntity,
  SessionEntity,
  TicketEntity,
  TokenEntity,
  UserEntity,
  VoidEntity,
];
