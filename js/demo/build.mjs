// Builds the page into dist/, and beside each file what the bridge sends in its place to whoever takes
// it compressed: NAME.br and NAME.gz.
//
//   node build.mjs              # js/dist, the package, has to be there (tools/dev/js.sh)
//   node build.mjs --cluster    # the page of ./dev demo --cluster, into dist-cluster/

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { build } from "vite";

const dist = join(import.meta.dirname, "dist");

const brotli = (bytes) => brotliCompressSync(bytes, { params: {
  [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
  [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
} });
const gzip = (bytes) => gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });

/** Writes it unless that would be no smaller. */
const compress = (file) => {
  const bytes = readFileSync(file);
  for (const [ending, made] of [["br", brotli(bytes)], ["gz", gzip(bytes)]]) {
    if (made.length < bytes.length) writeFileSync(`${file}.${ending}`, made);
  }
};

const root = import.meta.dirname;
if (process.argv[2] === "--cluster") {
  // Its server sends the files as they are: they come from this machine.
  await build({ root, logLevel: "warn", build: { outDir: "dist-cluster", rollupOptions: { input: "cluster.html" } } });
  process.exit();
}

await build({ root, logLevel: "warn" });
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (entry.isFile()) compress(join(entry.parentPath, entry.name));
}
