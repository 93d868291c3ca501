import { createRoot } from 'react-dom/client';
import './shell/theme.css';
import { Shell } from './shell/shell.js';

// zod compiles its checks with `new Function`, which the CSP forbids: told before zod is loaded, it does not try.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });

const place = document.getElementById('page');
if (place === null) throw new Error('index.html has no #page');
createRoot(place).render(<Shell />);
