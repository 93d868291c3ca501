import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Errors that the verifier never meets: what a person should do about them stays out of its budget. */
const UNMET = /libs\/kernel\/src\/errors\/(auth|config|data|engine|policy|round|store|usage)\.ts$/;
const withoutHints: Plugin = {
  name: 'without-hints',
  enforce: 'pre',
  transform: (code, id) =>
    UNMET.test(id) ? code.replace(/hint:\s*'(?:[^'\\]|\\.)*'/g, "hint: ''") : undefined,
};

/** What is on every page of both. */
const SHARED =
  /node_modules\/(react|react-dom|scheduler|wouter|regexparam|use-sync-external-store)\/|src\/(parts\/(data-table|status|trouble|use-now|use-query|words)|api\/(api-error|client|use-data)|shell\/toast)\.tsx?$/;

/**
 * Two pages as files: the coordinator's (index.html) and that of a site, which its node serves (site.html). Nothing inline
 * and nothing from elsewhere, because their CSP allows neither.
 */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: { conditions: ['@tallystick/source', 'module', 'browser', 'development|production'] },
  worker: { format: 'es', plugins: () => [withoutHints] },
  build: {
    outDir: 'dist',
    target: 'es2022',
    manifest: true,
    rolldownOptions: {
      input: ['index.html', 'site.html'].map((page) => join(import.meta.dirname, page)),
      // one piece that both pages need, instead of a dozen that pack badly
      output: { codeSplitting: { groups: [{ name: 'shared', test: SHARED }] } },
    },
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
