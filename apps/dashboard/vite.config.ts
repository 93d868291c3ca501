import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Two pages as files: the coordinator's (index.html) and that of a site, which its node serves (site.html). Nothing inline and nothing from elsewhere, because its CSP allows neither. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: { conditions: ['@tallystick/source', 'module', 'browser', 'development|production'] },
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    target: 'es2022',
    manifest: true,
    rollupOptions: {
      input: ['index.html', 'site.html'].map((page) => join(import.meta.dirname, page)),
    },
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
