// What is packed: whether tools for packages find nothing wrong with it, how large it is, what its
// types need, and whether bundlers take it as it is.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { build } from "esbuild";

const tarball = readdirSync(".").find((name) => name.endsWith(".tgz"));
const run = (program, ...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args],
    { encoding: "utf8" });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
};

test("publint finds nothing", () => {
  run("node_modules/publint/src/cli.js", "--strict", "node_modules/plimsoll");
});

test("the types are right, however they are resolved", () => {
  const copy = join(mkdtempSync(join(tmpdir(), "plimsoll-attw-")), "plimsoll.tgz");
  execFileSync("cp", [tarball, copy]);
  run("node_modules/@arethetypeswrong/cli/dist/index.js", copy, "--profile", "esm-only");
});

// The goal is 200 KiB: docs/benchmarks.md says what is missing.
test("the tarball is no larger than bench/budget.toml says", () => {
  const { size } = statSync(tarball);
  const { status, stdout, stderr } = spawnSync("/usr/bin/python3",
    ["-B", process.env.PLIMSOLL_BUDGET, "--partly", "--measured", `tarball.bytes=${size}`],
    { encoding: "utf8" });
  assert.equal(status, 0, `${stdout}${stderr}`);
});

test("the licence is in it, and those of what is linked into the module", () => {
  const read = (name) => readFileSync(`node_modules/plimsoll/${name}`, "utf8");
  assert.match(read("LICENSE"), /Apache License\s+Version 2\.0/);
  const notices = read("NOTICES");
  for (const words of [/^Plimsoll\n/, /---- xxHash\n[^]*Yann Collet/, /---- musl[^]*Rich Felker, et al/,
    /---- libc\+\+[^]*LLVM Exceptions to the Apache 2\.0/, /---- Emscripten[^]*The Emscripten Authors/,
    /Redistributions in binary form must reproduce/]) assert.match(notices, words);
});

test("nothing runs when it is installed, and it needs nothing else", () => {
  const description = JSON.parse(readFileSync("node_modules/plimsoll/package.json", "utf8"));
  assert.equal(description.dependencies, undefined);
  assert.deepEqual(Object.keys(description.scripts ?? {}), []);
});

test("its types need no library but the language's", () => {
  const folder = mkdtempSync(join(process.cwd(), "types-"));
  writeFileSync(join(folder, "use.ts"), `
    import { Client, ClientSideCache, type Message, TimeoutError, configure } from "plimsoll";
    configure({ memoryLimit: "16 MiB" });
    const clientSideCache = new ClientSideCache({ maxCacheKb: 1024, entryTtlMs: 60_000 });
    const client: Client = await Client.connect("valkey://127.0.0.1:6379", { clientSideCache });
    const name: string | null = await client.get("ship");
    const bytes: Uint8Array | null = await client.get("ship", { as: "bytes" });
    const hit: string | null | undefined = client.cached("ship");
    const all: Record<string, string> = await client.hgetall("ship");
    for await (const message of await client.subscribe("news")) {
      const said: Message = message;
      void said;
    }
    await using closed = client;
    void [name, bytes, hit, all, closed, TimeoutError];
    export {};
  `);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: {
    noEmit: true, strict: true, target: "es2022", lib: ["es2022"], types: [], module: "nodenext",
  } }));
  try {
    run("node_modules/typescript/bin/tsc", "-p", folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const platform of ["node", "browser", "neutral"]) {
  test(`esbuild takes it for ${platform}`, async () => {
    const { outputFiles: [{ text }] } = await build({
      stdin: { contents: 'export { Client } from "plimsoll";', resolveDir: process.cwd() },
      bundle: true, write: false, format: "esm", platform, logLevel: "error",
    });
    // Only where there is TCP does it ask for it.
    assert.equal(/from\s*"node:net"/.test(text), platform === "node");
  });
}
