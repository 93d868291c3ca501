import type { SiteView } from '@tallystick/protocol';
import { createContext, useContext } from 'react';

/** The site as the newest answer shows it; there is none before somebody is signed in. */
export const Site = createContext<SiteView | undefined>(undefined);

export function useSite(): SiteView {
  const site = useContext(Site);
  if (site === undefined) throw new Error('a page of the site stands within its shell');
  return site;
}
