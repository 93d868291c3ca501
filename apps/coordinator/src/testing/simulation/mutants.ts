import type { RunId } from '@tallystick/kernel';
import { ExclusionReason } from '@tallystick/record';
import {
  type CloseRound,
  type Folder,
  type FolderFactory,
  type FoldSpec,
  InMemoryJournal,
  type RoundJournal,
  type RunState,
  type VoidSpan,
  type Weighted,
} from '@tallystick/rounds';
import type { Fence } from '../../persistence/fence.js';
import { ReplayedJournal } from './replayed-journal.js';
import type { CoordinatorPorts } from './coordinator-life.js';
import type { NodeParts } from './node-parts.js';
import type { VoidableJournal } from './sim-database.js';
import type { Invariant } from './watch.js';

/** A bug of the kind that the simulation is there to find. */
export interface Mutant {
  readonly name: string;
  /** What it breaks; a bug of several consequences shows at any of them. */
  readonly breaks: readonly Invariant[];
  readonly journal?: () => VoidableJournal;
  readonly closesInTwo?: boolean;
  readonly skipsSync?: boolean;
  readonly skipsFence?: boolean;
  readonly ports?: (ports: CoordinatorPorts) => CoordinatorPorts;
  readonly node?: Pick<NodeParts, 'signsBeforeDurable' | 'forgetsSeed'>;
}

export const NO_MUTANT: Mutant = { name: 'none', breaks: [] };

/** Resolves at once; what becomes of the write is nobody's business. */
function unawaited(write: Promise<void>): Promise<void> {
  write.catch(() => undefined);
  return Promise.resolve();
}

function withJournal(
  change: (journal: RoundJournal) => Partial<RoundJournal>,
): (ports: CoordinatorPorts) => CoordinatorPorts {
  return (ports) => {
    const under = (fence: Fence): RoundJournal => {
      const journal = ports.journal.under(fence);
      return { ...journal, ...change(journal) };
    };
    return { ...ports, journal: { under } };
  };
}

function withFolders(
  change: (folder: Folder) => Partial<Folder>,
): (ports: CoordinatorPorts) => CoordinatorPorts {
  return (ports) => {
    const open = async (spec: FoldSpec): Promise<Folder> => {
      const folder = await ports.folders.open(spec);
      const same: Folder = {
        inspect: (update) => folder.inspect(update),
        add: (part) => folder.add(part),
        rebuild: (parts) => folder.rebuild(parts),
        finish: () => folder.finish(),
        close: () => folder.close(),
      };
      return { ...same, ...change(folder) };
    };
    const folders: FolderFactory = { open };
    return { ...ports, folders };
  };
}

/** Skips the numbers that are void and keeps their rounds. */
class KeepingJournal extends InMemoryJournal {
  #before: RunState | undefined;
  #from = 0;

  override voided(run: RunId, voids: readonly VoidSpan[]): void {
    this.#from = voids.at(-1)?.from ?? 0;
    super.voided(run, voids);
  }

  override async close(closed: CloseRound): Promise<void> {
    await super.close(closed);
    this.#before = await super.load(closed.run);
  }

  override async load(run: RunId, recent?: number): Promise<RunState> {
    const state = await super.load(run, recent);
    const gone = this.#before?.headers.filter(({ round }) => round >= this.#from) ?? [];
    if (state.voids.length === 0 || state.headers.at(-1) === gone.at(-1)) return state;
    return { ...state, headers: [...state.headers, ...gone] };
  }
}

/** Each of them was somebody's bug. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a rebuilt fold adds its first update twice',
    breaks: ['accepted-is-folded'],
    ports: withFolders((folder) => ({
      rebuild: async (parts) => {
        await folder.rebuild(parts);
        const [first] = parts;
        if (first !== undefined) await folder.add(first);
      },
    })),
  },
  {
    name: 'a fold goes on without an update that it could not read',
    breaks: ['accepted-is-folded'],
    ports: withFolders((folder) => {
      const read: Weighted[] = [];
      const rebuild = async (parts: readonly Weighted[]): Promise<void> => {
        await folder.rebuild(parts);
        read.push(...parts);
      };
      const add = async (part: Weighted): Promise<void> => {
        await folder.add(part).then(
          () => read.push(part),
          () => folder.rebuild(read),
        );
      };
      return { add, rebuild };
    }),
  },
  {
    name: 'the newest row is not read back after a restart',
    breaks: ['promise-kept', 'accepted-is-folded', 'progress'],
    ports: withJournal((journal) => ({
      load: async (run, recent) => {
        const { open, ...state } = await journal.load(run, recent);
        if (open === undefined) return state;
        return { ...state, open: { ...open, contributions: open.contributions.slice(0, -1) } };
      },
    })),
  },
  {
    name: 'an empty round calls silent what it had accepted',
    breaks: ['promise-kept'],
    ports: withJournal((journal) => ({
      close: (closed) =>
        journal.close({
          ...closed,
          exclusions: closed.exclusions.map((exclusion) =>
            exclusion.reason === ExclusionReason.quorum
              ? { ...exclusion, reason: ExclusionReason.silent }
              : exclusion,
          ),
        }),
    })),
  },
  {
    name: 'a row counts before it is durable',
    breaks: ['durable-before-signed'],
    ports: withJournal((journal) => ({
      append: (run, round, rows) => unawaited(journal.append(run, round, rows)),
    })),
  },
  {
    name: 'a header is signed before its close is durable',
    breaks: ['durable-before-signed'],
    ports: withJournal((journal) => ({ close: (closed) => unawaited(journal.close(closed)) })),
  },
  {
    name: 'a round that was open at a crash is opened anew',
    breaks: ['round-once', 'one-signature'],
    journal: () => new ReplayedJournal('open rounds'),
  },
  {
    name: 'an empty round gives its number back',
    breaks: ['round-once'],
    journal: () => new ReplayedJournal('empty rounds'),
  },
  {
    name: 'a node signs before it writes its log',
    breaks: ['one-signature'],
    node: { signsBeforeDurable: true },
  },
  {
    name: 'a node trains from another seed after a restart',
    breaks: ['same-digest'],
    node: { forgetsSeed: true },
  },
  {
    name: 'a window closes at its minimum',
    breaks: ['window-honest'],
    ports: (ports) => {
      const { plan } = ports;
      const { window } = plan.spec;
      const count = { ...window.count, max: window.count.min };
      return { ...ports, plan: { ...plan, spec: { ...plan.spec, window: { ...window, count } } } };
    },
  },
  {
    name: 'the outbox row has a transaction of its own',
    breaks: ['one-commit', 'progress'],
    closesInTwo: true,
  },
  {
    name: 'what is in the pool counts as final',
    breaks: ['one-commit'],
    ports: (ports) => ({
      ...ports,
      ledger: new Proxy(ports.ledger, {
        get: (ledger, name) => {
          if (name !== 'commitOutcome') return Reflect.get(ledger, name);
          return () => ledger.finalized().then((block) => ({ kind: 'final', block }));
        },
      }),
    }),
  },
  {
    name: 'a result is recalled without its first row',
    breaks: ['node-satisfied'],
    ports: withJournal((journal) => ({
      load: async (run, recent) => {
        const state = await journal.load(run, recent);
        return { ...state, last: state.last.slice(1) };
      },
    })),
  },
  {
    name: 'an expired transaction is never signed again',
    breaks: ['progress'],
    ports: (ports) => ({
      ...ports,
      outbox: {
        under: (fence) => ({ ...ports.outbox.under(fence), unprepared: () => Promise.resolve() }),
      },
    }),
  },
  {
    name: 'a blob has its name before its bytes are synced',
    breaks: ['progress'],
    skipsSync: true,
  },
  {
    name: 'a void takes numbers out and leaves the head where it was',
    breaks: ['void-left', 'round-once'],
    journal: () => new KeepingJournal(),
  },
  {
    name: 'a leader that lost its lease goes on writing',
    breaks: ['one-leader'],
    skipsFence: true,
  },
];
