import type { ComponentType } from 'react';

/** A page of a site: where it is, and its code, loaded when somebody goes there. */
export interface SitePlace {
  readonly path: string;
  readonly title: string;
  /** Not in the navigation: a page below another. */
  readonly isDeep?: boolean;
  readonly load: () => Promise<{ readonly default: ComponentType<SitePlaceProps> }>;
}

/** What stood for the variables of the path. */
export interface SitePlaceProps {
  readonly params: Readonly<Record<string, string | undefined>>;
}

export const PLACES: readonly SitePlace[] = [
  { path: '/', title: 'Tasks', load: () => import('./tasks-page.js') },
  { path: '/tasks/:run/:round', title: 'Task', isDeep: true, load: () => import('./task-page.js') },
  { path: '/data', title: 'Data sets', load: () => import('./data-page.js') },
  { path: '/policy', title: 'Policy', load: () => import('./policy-page.js') },
  { path: '/consent', title: 'Consent', load: () => import('./consent-page.js') },
  { path: '/evidence', title: 'Evidence', load: () => import('./evidence-page.js') },
  { path: '/earnings', title: 'Earnings', load: () => import('./earnings-page.js') },
  { path: '/log', title: 'Log', load: () => import('./log-page.js') },
];
