// What is packed: whether tools for packages find nothing wrong with it, how large it is, what its
// types need, and whether bundlers take it as it is.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { build } from "esbuild";
import * as plimsoll from "plimsoll";
import * as ioredis from "plimsoll/ioredis";
import * as opentelemetry from "plimsoll/opentelemetry";

import { pageBundleBytes } from "./page_bundle.mjs";
import { startServer } from "./server.mjs";

const tarball = readdirSync(".").find((name) => name.endsWith(".tgz"));
const run = (program, ...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args],
    { encoding: "utf8" });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
};

test("publint finds nothing", () => {
  run("publint.mjs", "node_modules/plimsoll");
});

test("the types are right, however they are resolved", () => {
  const copy = join(mkdtempSync(join(tmpdir(), "plimsoll-attw-")), "plimsoll.tgz");
  execFileSync("cp", [tarball, copy]);
  // As with ioredis, require("plimsoll/ioredis") is a class that has itself as its `default`, which this tool
  // does not see: it takes it for a class without one. The test of require() looks.
  run("node_modules/@arethetypeswrong/cli/dist/index.js", copy, "--ignore-rules", "false-export-default");
});

const checkBudget = (name, number) => {
  const { status, stdout, stderr } = spawnSync("/usr/bin/python3",
    ["-B", process.env.PLIMSOLL_BUDGET, "--partly", "--measured", `${name}=${number}`], { encoding: "utf8" });
  assert.equal(status, 0, `${stdout}${stderr}`);
};

// The goal is 200 KiB: docs/benchmarks.md says what is missing.
test("the tarball is no larger than bench/budget.toml says", () => checkBudget("tarball.bytes", statSync(tarball).size));

// The goal is 90 KiB.
test("what a page bundles is no larger than bench/budget.toml says", async () =>
  checkBudget("page_bundle.bytes", await pageBundleBytes(process.cwd())));

test("the files in it are those of packaging/npm/plimsoll.files", async () => {
  const { readList } = await import(join(process.env.PLIMSOLL_NPM, "complete.mjs"));
  const listed = readList(readFileSync(join(process.env.PLIMSOLL_NPM, "plimsoll.files"), "utf8"));
  const packed = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n");
  assert.deepEqual(packed.map((path) => path.replace(/^package\//, "")).sort(), listed.sort());
});

test("package.json says whose it is, and where its sources, its page and its problems are", () => {
  const project = JSON.parse(readFileSync(join(process.env.PLIMSOLL_NPM, "../project.json"), "utf8"));
  const { author, bugs, engines, homepage, license, private: isPrivate, repository } =
    JSON.parse(readFileSync("node_modules/plimsoll/package.json", "utf8"));
  assert.deepEqual({ author, bugs, homepage, license, repository }, {
    author: project.authors, bugs: { url: project.bugs }, homepage: project.homepage, license: project.license,
    repository: { type: "git", url: `git+${project.repository}`, directory: "js" },
  });
  assert.equal(isPrivate, undefined);
  assert.match(engines.node, /^>=\d/);
});

// Node prints the line that threw it. If all lines were one, that would be the whole package.
test("an error that nobody catches shows a line that can be read, and fills no terminal", () => {
  for (const take of ["const { ClientSideCache } = require('plimsoll');", "import { ClientSideCache } from 'plimsoll';"]) {
    const { stderr } = spawnSync(process.execPath, ["--input-type", take.startsWith("import") ? "module" : "commonjs", "--eval",
      `${take} new ClientSideCache({ maxBytes: 1 });`], { encoding: "utf8" });
    assert.match(stderr, /ConfigurationError: maxBytes: there is no such option/);
    assert.match(stderr, /\n *throw new ConfigurationError\("invalid_option"/);
    assert.ok(stderr.length < 4000, `${stderr.length} characters`);
  }
});

test("the licence is in it, and those of what is linked into the module", () => {
  const read = (name) => readFileSync(`node_modules/plimsoll/${name}`, "utf8");
  assert.match(read("LICENSE"), /Apache License\s+Version 2\.0/);
  assert.match(read("NOTICE"), /^Plimsoll\n/);
  const notices = read("THIRD_PARTY_NOTICES");
  for (const words of [/---- xxHash\n[^]*Yann Collet/, /---- musl[^]*Rich Felker, et al/,
    /---- libc\+\+[^]*LLVM Exceptions to the Apache 2\.0/, /---- Emscripten[^]*The Emscripten Authors/,
    /Redistributions in binary form must reproduce/]) assert.match(notices, words);
});

test("nothing runs when it is installed, and it needs nothing else", () => {
  const description = JSON.parse(readFileSync("node_modules/plimsoll/package.json", "utf8"));
  assert.equal(description.dependencies, undefined);
  for (const name of Object.keys(description.peerDependencies)) {
    assert.deepEqual(description.peerDependenciesMeta[name], { optional: true }, name);
  }
  assert.deepEqual(Object.keys(description.scripts), ["prepublishOnly"]);  // npm runs it in the sources' folder alone
});

// Programs in a folder of their own, name and text, which the compiler checks with these options.
const compile = (programs, compilerOptions, type = "module") => {
  const folder = mkdtempSync(join(process.cwd(), "types-"));
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: {
    noEmit: true, strict: true, target: "es2022", lib: ["es2022"], types: [], ...compilerOptions } }));
  try {
    run("node_modules/typescript/bin/tsc", "-p", folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test("its types need no library but the language's", () => {
  compile({ "use.ts": `
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
  ` }, { module: "nodenext" });
});

const asIoredis = `
  import Redis, { ReplyError, type RedisOptions } from "plimsoll/ioredis";
  const options: RedisOptions = { host: "127.0.0.1", keyPrefix: "ship:" };
  export const main = async (): Promise<unknown> => {
    const redis = new Redis(6379, options);
    redis.on("message", (channel: string, message: string) => [channel, message]);
    const results = await redis.multi().set("a", 1).get("a").exec();
    const value: string = await redis.get("a");
    return [results, value, ReplyError];
  };`;

const observed = `
  import type { Meter, Tracer } from "@opentelemetry/api";
  import { ClientSideCache, type Client, type Metric, readMetrics } from "plimsoll";
  import { observeMetrics, traceCommands } from "plimsoll/opentelemetry";
  const caches = [new ClientSideCache({ maxCacheKb: 64 })];
  export const begin = (meter: Meter, tracer: Tracer, clients: Set<Client>): (() => void)[] =>
    [observeMetrics(meter, { clients, caches }), traceCommands(tracer)];
  export const all: Metric[] = readMetrics();`;

for (const [module, moduleResolution] of [["commonjs", "node10"], ["node16", "node16"],
  ["nodenext", "nodenext"], ["esnext", "bundler"]]) {
  test(`the types fit programs of ${module}, resolved as by ${moduleResolution}`, () => {
    const program = `
      import { Client, LimitError, defineScript, type ClientOptions } from "plimsoll";
      const take = defineScript({ lua: "return 1", keys: 1, decode: Number });
      export const main = async (options: ClientOptions): Promise<string | null> => {
        const client = await Client.connect("valkey://127.0.0.1:6379", options);
        const left: number = await take.run(client, "stock");
        for await (const keys of client.scan({ match: "a*" })) {
          const all: string[] = keys;
          void all;
        }
        const replies: unknown[] = await client.batch().exec();
        void [left, replies, LimitError];
        return client.get("ship");
      };`;
    const options = { module, moduleResolution, esModuleInterop: true };
    compile({ "use.ts": program }, options, "commonjs");
    compile({ "as_ioredis.ts": asIoredis, "observed.ts": observed }, { ...options, types: ["node"] }, "commonjs");
  });
}

test("require() and import give the same classes, and so the same core", () => {
  const required = createRequire(join(process.cwd(), "any.cjs"))("plimsoll");
  assert.deepEqual(Object.keys(plimsoll).sort(), Object.keys(required).sort());
  for (const name in required) assert.equal(required[name], plimsoll[name], name);
});

test("classes have the names that they are exported by", () => {
  for (const all of [plimsoll, ioredis]) {
    for (const [name, value] of Object.entries(all)) {
      if (/^class /.test(String(value)) && name !== "default") assert.equal(value.name, name);
    }
  }
  assert.equal(new plimsoll.LimitError("code", "words").constructor.name, "LimitError");
});

test("require() of plimsoll/ioredis is the class, and the same as what is imported", () => {
  const Redis = createRequire(join(process.cwd(), "any.cjs"))("plimsoll/ioredis");
  assert.equal(Redis, ioredis.default);
  assert.equal(Redis.Redis, ioredis.Redis);
  assert.equal(Redis.default, Redis);
  assert.equal(Redis.ReplyError, ioredis.ReplyError);
});

test("plimsoll/opentelemetry has the clients of the package, imported and required", () => {
  const required = createRequire(join(process.cwd(), "any.cjs"))("plimsoll/opentelemetry");
  assert.deepEqual(Object.keys(opentelemetry).sort(), ["observeMetrics", "traceCommands"]);
  for (const name in opentelemetry) assert.equal(required[name], opentelemetry[name], name);
});

for (const [name, program, ...args] of [["Deno", process.env.DENO, "run", "-A", "--no-lock"],
  ["Bun", process.env.BUN]]) {
  test(`the same holds in ${name}`, () => {
    const folder = mkdtempSync(join(process.cwd(), "both-"));
    writeFileSync(join(folder, "both.cjs"), `
      const { Client } = require("plimsoll");
      const Redis = require("plimsoll/ioredis");
      Promise.all([import("plimsoll"), import("plimsoll/ioredis")]).then(([own, shim]) =>
        console.log(own.Client === Client, shim.default === Redis, typeof Redis));`);
    try {
      const { stdout, stderr } = spawnSync(program, [...args, join(folder, "both.cjs")], { encoding: "utf8" });
      assert.equal(stdout, "true true function\n", stderr);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test("a program of CommonJS works, by itself and bundled", async () => {
  const server = await startServer();
  const folder = mkdtempSync(join(process.cwd(), "commonjs-"));
  const program = `
    const { Client, getMemoryStatistics } = require("plimsoll");
    Client.connect("${server.address}", { requestTimeout: 0 }).then(async (client) => {
      await client.set("key", "a value");
      console.log(await client.get("key"), getMemoryStatistics().limit);
      await client.close();
    });`;
  try {
    writeFileSync(join(folder, "main.cjs"), program);
    await build({ entryPoints: [join(folder, "main.cjs")], outfile: join(folder, "bundled.cjs"),
      bundle: true, platform: "node", logLevel: "error" });
    for (const name of ["main.cjs", "bundled.cjs"]) {
      const { stdout, stderr } = spawnSync(process.execPath, [join(folder, name)], { encoding: "utf8" });
      assert.equal(stdout, "a value 67108864\n", stderr);
    }
  } finally {
    rmSync(folder, { recursive: true });
    await server.stop();
  }
});

test("require(\"plimsoll/ioredis\") gives the class in a bundle, too, and an import beside it the same one", async () => {
  const folder = mkdtempSync(join(process.cwd(), "bundled-"));
  writeFileSync(join(folder, "imported.mjs"), 'export { default, Command } from "plimsoll/ioredis";');
  writeFileSync(join(folder, "main.cjs"), `
    const Redis = require("plimsoll/ioredis");
    const imported = require("./imported.mjs");
    const redis = new Redis({ lazyConnect: true });
    console.log(redis.status, Redis === Redis.Redis, Redis === imported.default, Redis.Command === imported.Command);`);
  try {
    await build({ entryPoints: [join(folder, "main.cjs")], outfile: join(folder, "bundled.cjs"),
      bundle: true, platform: "node", logLevel: "error" });
    const { stdout, stderr } = spawnSync(process.execPath, [join(folder, "bundled.cjs")], { encoding: "utf8" });
    assert.equal(stdout, "wait true true true\n", stderr);
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
    assert.equal(text.includes('"node:net"'), platform === "node");
  });
}

test("a bundle for Node without the condition `module` has the core in it, which import and require() share", async () => {
  const server = await startServer();
  const folder = mkdtempSync(join(process.cwd(), "bundled-"));
  const bundle = join(folder, "out", "main.mjs");
  writeFileSync(join(folder, "required.cjs"), 'module.exports = [require("plimsoll"), require("plimsoll/ioredis")];');
  writeFileSync(join(folder, "main.mjs"), `
    import { Client, readMetrics } from "plimsoll";
    import Redis, { ReplyError } from "plimsoll/ioredis";
    import { observeMetrics } from "plimsoll/opentelemetry";
    import required from "./required.cjs";
    const client = await Client.connect("${server.address}", { requestTimeout: 0 });
    await client.set("key", "a value");
    const redis = new Redis(${server.port});
    const names = [];
    const create = (name) => { names.push(name); return name; };
    observeMetrics({ createObservableCounter: create, createObservableGauge: create,
      addBatchObservableCallback: () => {} });
    console.log(await redis.get("key"), typeof ReplyError, names.length === readMetrics().length,
      required[0].Client === Client, required[1] === Redis);
    await redis.quit();
    await client.close();`);
  try {
    // Without conditions of the caller's, esbuild adds `module`.
    await build({ entryPoints: [join(folder, "main.mjs")], outfile: bundle, bundle: true, platform: "node", format: "esm",
      conditions: ["production"], logLevel: "error" });
    const { stdout, stderr } = spawnSync(process.execPath, [bundle], { encoding: "utf8" });
    assert.equal(stdout, "a value function true true true\n", stderr);
    assert(!readFileSync(bundle, "utf8").includes("createRequire"));
  } finally {
    rmSync(folder, { recursive: true });
    await server.stop();
  }
});

test("a bundle for Node without the condition `node` says that it needs that", async () => {
  const folder = mkdtempSync(join(process.cwd(), "bundled-"));
  const bundle = join(folder, "main.mjs");
  const contents = `import { Client } from "plimsoll";
    const calls = [["valkey://127.0.0.1:1", { connectTimeout: 20 }], ["valkey+cluster://127.0.0.1:1"],
      ["valkey://127.0.0.1:1", { topology: "cluster" }], ["valkey+sentinel://127.0.0.1:1/ships"],
      ["valkey://127.0.0.1:1", { readFrom: "preferReplica" }]];
    for (const call of calls) await Client.connect(...call).catch(({ name, message }) => console.log(name, message));`;
  try {
    await build({ stdin: { contents, resolveDir: process.cwd() }, outfile: bundle, bundle: true, platform: "neutral",
      logLevel: "error" });
    const { stdout, stderr } = spawnSync(process.execPath, [bundle], { encoding: "utf8" });
    const [first, ...others] = stdout.trim().split("\n");
    assert.match(first, /ConnectionError .*no TCP sockets: .*if its bundler goes by the condition "node"/, stderr);
    // There it has the core of pages.
    assert.equal(others.length, 4, stdout);
    const words = [/address is that of a cluster/, /address is that of a cluster/, /address is that of sentinels/, /readFrom/];
    others.forEach((line, i) => {
      assert.match(line, words[i]);
      assert.match(line, /^ConfigurationError .*: a bundle without the condition "node".*one server; give .* bridge/);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
