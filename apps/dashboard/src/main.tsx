import { createRoot } from 'react-dom/client';
import './shell/theme.css';
import { Shell } from './shell/shell.js';

const place = document.getElementById('page');
if (place === null) throw new Error('index.html has no #page');
createRoot(place).render(<Shell />);
