import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The page as files for the coordinator: nothing inline and nothing from elsewhere, because its CSP allows neither. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: { conditions: ['@tallystick/source', 'module', 'browser', 'development|production'] },
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    target: 'es2022',
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
