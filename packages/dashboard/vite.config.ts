import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compressed } from './compress.ts';

/** Libraries but those that single pages load when they need them, and our own frame and parts. */
function isOfEveryPage(id: string): boolean {
  return /node_modules/.test(id)
    ? !/@simplewebauthn|typebox|uplot/.test(id)
    : /packages\/dashboard\/src\/(ui|lib|app)\/(?!chart)/.test(id);
}

export default defineConfig({
  plugins: [react(), tailwindcss(), compressed()],
  build: {
    // The page's content security policy allows files of this origin and nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What every page needs in one file, and a subject's pages in another: dozens of small ones would be fetched one after the other.
        codeSplitting: {
          groups: [
            { name: 'base', test: isOfEveryPage },
            { name: 'tokens', test: /src\/features\/tokens\// },
          ],
        },
      },
    },
  },
  server: { proxy: { '/v1': 'http://localhost:7400', '/auth': 'http://localhost:7400' } },
});
