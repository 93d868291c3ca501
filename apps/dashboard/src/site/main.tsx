import { createRoot } from 'react-dom/client';
import '../shell/theme.css';
import { SiteShell } from './site-shell.js';

const place = document.getElementById('page');
if (place === null) throw new Error('site.html has no #page');
createRoot(place).render(<SiteShell />);
