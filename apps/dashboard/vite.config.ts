import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Errors that the verifier never meets: what a person should do about them stays out of its budget. */
const UNMET = /libs\/kernel\/src\/errors\/(auth|config|engine|policy|usage)\.ts$/;
const withoutHints: Plugin = {
  name: 'without-hints',
  enforce: 'pre',
  transform: (code, id) =>
    UNMET.test(id) ? code.replace(/hint:\s*'(?:[^'\\]|\\.)*'/g, "hint: ''") : undefined,
};

/** The page as files for the coordinator: nothing inline and nothing from elsewhere, because its CSP allows neither. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: { conditions: ['@tallystick/source', 'module', 'browser', 'development|production'] },
  worker: { format: 'es', plugins: () => [withoutHints] },
  build: {
    outDir: 'dist',
    target: 'es2022',
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
