import type { Clock, Entropy, Logger, PublicKey } from '@tallystick/kernel';
import type { SiteView } from '@tallystick/protocol';
import type {
  CoordinatorApi,
  Intake,
  SiteConfig,
  SiteIdentity,
  TaskJournal,
} from '@tallystick/site';
import type { SiteChain } from '../site-chain.js';
import type { DatasetShapes } from './dataset-shapes.js';
import type { LogTail } from './log-tail.js';

/** A running site as its page sees it: the node key is not among it. */
export interface SiteParts {
  readonly folder: string;
  readonly config: SiteConfig;
  readonly identity: SiteIdentity;
  readonly nodeKey: PublicKey;
  readonly journal: TaskJournal;
  readonly intake: Intake;
  /** Undefined when node.yaml names none. */
  readonly chain: Pick<SiteChain, 'consent' | 'payee' | 'asOwner'> | undefined;
  /** The coordinator of the moment, with the session of the moment. */
  readonly api: () => CoordinatorApi;
  readonly shapes: DatasetShapes;
  readonly log: LogTail;
  readonly link: () => SiteView['link'];
  readonly startedAtMs: number;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
}
