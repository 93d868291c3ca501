import type { ComponentType } from 'react';

/** A place of the page: its code is loaded when somebody goes there. */
export interface Page {
  /** wouter's pattern; parameters are passed to the component as strings. */
  readonly path: string;
  /** Of the window; of the link in the navigation when `nav` is set. */
  readonly title: string;
  /** Shown in the navigation. */
  readonly nav?: boolean;
  /** Whoever has it not sees neither link nor page. */
  readonly permission: string;
  readonly load: () => Promise<{ readonly default: ComponentType<{ readonly params: Params }> }>;
}

export type Params = Readonly<Record<string, string | undefined>>;

/** Every page, in the order of the navigation. To add one: a folder beside this file, and an entry here. */
export const PAGES: readonly Page[] = [
  {
    path: '/',
    title: 'Runs',
    nav: true,
    permission: 'run.read',
    load: () => import('./runs/runs-page.js'),
  },
  {
    path: '/runs/:run',
    title: 'Run',
    permission: 'run.read',
    load: () => import('./run/run-page.js'),
  },
  {
    path: '/runs/:run/rounds/:round',
    title: 'Round',
    permission: 'run.read',
    load: () => import('./round/round-page.js'),
  },
  {
    path: '/nodes',
    title: 'Nodes',
    nav: true,
    permission: 'node.read',
    load: () => import('./nodes/nodes-page.js'),
  },
  {
    path: '/compare',
    title: 'Compare',
    nav: true,
    permission: 'run.read',
    load: () => import('./compare/compare-page.js'),
  },
  {
    path: '/new',
    title: 'New run',
    nav: true,
    permission: 'run.launch',
    load: () => import('./new/new-page.js'),
  },
  {
    path: '/runs/:run/audit',
    title: 'Audit',
    permission: 'evidence.read',
    load: () => import('./audit/audit-page.js'),
  },
  {
    path: '/ledger',
    title: 'Ledger',
    nav: true,
    permission: 'run.read',
    load: () => import('./ledger/ledger-page.js'),
  },
  {
    path: '/rewards',
    title: 'Rewards',
    nav: true,
    permission: 'reward.read',
    load: () => import('./rewards/rewards-page.js'),
  },
  {
    path: '/people',
    title: 'People',
    nav: true,
    permission: 'people.manage',
    load: () => import('./people/people-page.js'),
  },
  {
    path: '/account',
    title: 'Your account',
    permission: 'self',
    load: () => import('./account/account-page.js'),
  },
];
