// The same cases in Chromium, through a bridge: bundled by esbuild and by Vite, and not at all.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { build as bundleByEsbuild } from "esbuild";
import { chromium } from "playwright-core";
import { build as bundleByVite } from "vite";

import { cases } from "./behaviour/all.mjs";
import { startBridge } from "./bridge.mjs";
import { holdPort } from "./ports.mjs";
import { startServer } from "./server.mjs";

const types = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript" };

// As a user writes it who bundles nothing: the package's private names have to be told.
const importMap = JSON.stringify({ imports: {
  "plimsoll": "/node_modules/plimsoll/dist/index.js",
  "#core": "/node_modules/plimsoll/dist/core/module.page.js",
  "#tcp": "/node_modules/plimsoll/dist/transport/tcp.none.js",
} });

let server;
let bridge;
let pages;
let nobody;
let browser;
let folder;

const pageOf = (script) => `<!doctype html><script type=importmap>${importMap}</script>` +
  `<script type=module src="${script}"></script>`;

const serve = async () => {
  const http = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://page");
    try {
      if (pathname.startsWith("/page")) {
        const headers = { "content-type": "text/html" };
        if (searchParams.has("csp")) headers["content-security-policy"] = searchParams.get("csp");
        return response.writeHead(200, headers).end(pageOf(searchParams.get("script")));
      }
      const from = pathname.startsWith("/bundled/") ? join(folder, pathname.slice(9))
                                                   : join(process.cwd(), pathname);
      const bytes = readFileSync(from);
      response.writeHead(200, { "content-type": types[extname(pathname)] ?? "text/plain" });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return http;
};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-pages-"));
  server = await startServer();
  nobody = await holdPort();
  pages = await serve();
  bridge = await startBridge(server,
    { args: ["--origin", `http://127.0.0.1:${pages.address().port}`] });
  await bundleByEsbuild({ entryPoints: ["browser.entry.mjs"], bundle: true, format: "esm",
    outfile: join(folder, "esbuild.js"), logLevel: "error" });
  await bundleByVite({ logLevel: "error", configFile: false, build: {
    outDir: join(folder, "vite"), emptyOutDir: true,
    lib: { entry: "browser.entry.mjs", formats: ["es"], fileName: "vite" } } });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"] });
});

after(async () => {
  await browser?.close();
  pages?.close();
  await bridge?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// One for all: a page that loads anew has nothing of the one before, and a new process for each costs most of the time.
let page;

const open = async (script, csp) => {
  page ??= await browser.newPage();
  const query = new URLSearchParams({ script, ...(csp === undefined ? {} : { csp }) });
  await page.goto(`http://127.0.0.1:${pages.address().port}/page?${query}`);
  await page.waitForFunction(() => globalThis.runCase !== undefined);
};

const scripts = {
  "bundled by esbuild": "/bundled/esbuild.js",
  "bundled by Vite": "/bundled/vite/vite.js",
  "not bundled": "/browser.entry.mjs",
};

const target = () => ({ address: bridge.address, addressOfNobody: `ws://127.0.0.1:${nobody}`,
  options: { token: bridge.token }, administration: bridge.administration });

for (const name of Object.keys(cases)) {
  test(`bundled by esbuild: ${name}`, async () => {
    await open(scripts["bundled by esbuild"]);
    const run = ([what, where]) => globalThis.runCase(what, where);
    assert.equal(await page.evaluate(run, [name, target()]), "passed");
  });
}

for (const how of ["bundled by Vite", "not bundled"]) {
  test(`${how}, it works without configuration`, async () => {
    await open(scripts[how]);
    const run = ([what, where]) => globalThis.runCase(what, where);
    assert.equal(await page.evaluate(run, ["a text comes back as it went", target()]), "passed");
  });
}

test("the example of a page shows what it has read", async () => {
  await open(scripts["bundled by Vite"]);
  const said = await page.evaluate(([address, token]) => globalThis.showShip(address, token),
    [bridge.address, bridge.token]);
  assert.equal(said, "Great Eastern");
});

test("without a bridge the error says what a browser needs", async () => {
  await open(scripts["bundled by esbuild"]);
  const said = await page.evaluate((address) => globalThis.connectTo(address),
    `valkey://127.0.0.1:${nobody}`);
  assert.match(said, /^ConnectionError: .*no TCP sockets: connect to a bridge by ws:/);
  const ofSentinels = await page.evaluate((address) => globalThis.connectTo(address),
    `valkey+sentinel://127.0.0.1:${nobody}/fleet`);
  assert.match(ofSentinels, /^ConfigurationError: the address is that of sentinels: .* have one server; give the address of a bridge/);
});

test("a page whose policy forbids WebAssembly is told what to allow", async () => {
  await open(scripts["bundled by esbuild"], "script-src 'self' 'unsafe-inline'");
  const said = await page.evaluate((address) => globalThis.connectTo(address), bridge.address);
  assert.match(said, /^CoreError: .*'wasm-unsafe-eval'/);
});
