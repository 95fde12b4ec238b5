import { defineConfig } from 'vite';

/** Served by the API below whatever path a proxy gives it: every address is relative. */
export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false }, // an inline script, which the API's CSP refuses
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:8080' } },
});
