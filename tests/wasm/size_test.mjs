// The module is small enough to be loaded by every page and isolate.

import assert from "node:assert/strict";
import test from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { moduleBytes } from "./instance.mjs";

const brotliBytesMax = 64 * 1024;

test("the module is at most 64 KiB under brotli", (t) => {
  const brotli = brotliCompressSync(moduleBytes).length;
  const gzip = gzipSync(moduleBytes).length;
  t.diagnostic(`${moduleBytes.length} bytes, gzip ${gzip}, brotli ${brotli}`);
  assert(brotli <= brotliBytesMax, `${brotli} bytes`);
});
