import { join } from "node:path";

import { defineConfig } from "vite";

// What comes of it is served by the bridge, under a policy that allows nothing inline.
export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  resolve: { alias: { "#core": join(import.meta.dirname, "src/engine/module.ts") } },
  worker: { format: "es" },
});
