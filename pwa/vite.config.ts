import { svelte } from '@sveltejs/vite-plugin-svelte';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [
    svelte(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'sw.ts',
      // The page registers the worker itself: the content security policy allows no inline script.
      injectRegister: null,
      injectManifest: { globPatterns: ['**/*.{js,css,html,svg,png,webmanifest}'] },
      manifest: {
        id: '/',
        name: 'Holdfast',
        short_name: 'Holdfast',
        description: 'Document an incident at the scene, with or without a network.',
        start_url: '/#/',
        scope: '/',
        display: 'standalone',
        background_color: '#0f1419',
        theme_color: '#0f1419',
        icons: [
          { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
          { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' }
        ]
      }
    })
  ],
  // Written for the browsers that the app is built for, and smaller by a tenth than what the package gives by itself.
  resolve: { alias: { dexie: 'dexie/dist/modern/dexie.min.mjs' } },
  build: {
    target: 'es2022',
    // Fonts and images as files: the content security policy forbids them inline.
    assetsInlineLimit: 0,
    sourcemap: false,
    // Which file needs which others, for measuring what a first visit loads.
    manifest: true
  },
  // Beside `make run`, for work on the app itself.
  server: { proxy: { '/api': process.env['HOLDFAST_API'] ?? 'http://127.0.0.1:8080' } },
  test: { environment: 'node', setupFiles: ['tests/setup.ts'], testTimeout: 30_000, include: ['tests/**/*.test.ts', 'src/**/*.test.ts'] }
});
