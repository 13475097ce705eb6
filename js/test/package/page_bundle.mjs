// What a page bundles of the package, minified. Run by itself, it prints what that takes under brotli.

import { brotliCompressSync } from "node:zlib";

import { build } from "esbuild";

/** In bytes, under brotli. `folder` finds the package by its name. */
export const pageBundleBytes = async (folder) => {
  const { outputFiles: [{ contents }] } = await build({
    stdin: { contents: 'export { Client, ClientSideCache } from "plimsoll";', resolveDir: folder },
    bundle: true, write: false, format: "esm", platform: "browser", minify: true, logLevel: "error",
  });
  return brotliCompressSync(contents).length;
};

if (import.meta.filename === process.argv[1]) console.log(await pageBundleBytes(import.meta.dirname));
