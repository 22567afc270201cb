import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compressed } from './compress';

export default defineConfig({
  plugins: [react(), tailwindcss(), compressed()],
  build: {
    // The page's content security policy allows files of this origin and nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/v1': 'http://localhost:7400', '/auth': 'http://localhost:7400' } },
});
