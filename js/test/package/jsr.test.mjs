// The package for JSR, as Deno has it: checked, and used from its folder.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { startServer } from "./server.mjs";

const { asDeclaration, asModule } = await import(join(process.env.PLIMSOLL_NPM, "jsr.mjs"));

const deno = (...words) =>
  spawnSync(process.env.DENO, words, { encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });

let server;
let folder;
before(async () => {
  server = await startServer();
  folder = mkdtempSync(join(tmpdir(), "plimsoll-jsr-"));
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

// A program that imports the package by its names on JSR.
const program = (name, text) => {
  const at = (entry) => join(process.env.PLIMSOLL_JSR, entry);
  writeFileSync(join(folder, "deno.json"), JSON.stringify({ imports: {
    "@plimsoll/plimsoll": at("index.js"), "@plimsoll/plimsoll/ioredis": at("ioredis.js"),
    "@plimsoll/plimsoll/opentelemetry": at("opentelemetry.js") } }));
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test("a program in TypeScript is checked against its types, and has its first reply", () => {
  const path = program("first.ts", `
    import { Client, type ClientOptions } from "@plimsoll/plimsoll";
    import Redis from "@plimsoll/plimsoll/ioredis";
    const options: ClientOptions = { requestTimeout: 5000 };
    const client: Client = await Client.connect("${server.address}", options);
    await client.set("door", "JSR");
    const door: string | null = await client.get("door");
    const redis = new Redis(${server.port});
    console.log(door, await redis.get("door"));
    await redis.quit();
    await client.close();`);
  const { status, stdout, stderr } = deno("run", "--check", "--allow-net", "--no-lock", path);
  assert.equal(stdout, "JSR JSR\n", stderr);
  assert.equal(status, 0, stderr);
});

test("a program that does not fit its types is refused", () => {
  const path = program("wrong.ts", `
    import { Client } from "@plimsoll/plimsoll";
    export const client: number = await Client.connect("valkey://127.0.0.1");`);
  const { status, stderr } = deno("check", "--no-lock", "--config", join(folder, "deno.json"), path);
  assert.equal(status, 1);
  assert.match(stderr, /Type 'Client' is not assignable to type 'number'/);
});

test("plimsoll/opentelemetry sees the clients of the package", () => {
  const path = program("metrics.js", `
    import { readMetrics } from "@plimsoll/plimsoll";
    import { observeMetrics } from "@plimsoll/plimsoll/opentelemetry";
    const names = [];
    const create = (name) => { names.push(name); return name; };
    observeMetrics({ createObservableCounter: create, createObservableGauge: create,
      addBatchObservableCallback: () => {} });
    console.log(names.length === readMetrics().length);`);
  const { stdout, stderr } = deno("run", "--no-check", "--no-lock", path);
  assert.equal(stdout, "true\n", stderr);
});

test("it says what is what, with the version and the licence of the npm package", () => {
  const read = (path) => JSON.parse(readFileSync(path, "utf8"));
  const { version, license } = read("node_modules/plimsoll/package.json");
  assert.deepEqual(read(join(process.env.PLIMSOLL_JSR, "jsr.json")), { name: "@plimsoll/plimsoll", version, license,
    exports: { ".": "./index.js", "./ioredis": "./ioredis.js", "./opentelemetry": "./opentelemetry.js" } });
});

test("imports are those of Deno, and nothing else of a module or a declaration is touched", () => {
  const text = 'import { connectTcp } from "#tcp";\nimport "../cjs/payload.js";\nconst a = \'from "#tcp"\';\n';
  assert.equal(asModule(text, "core/module.inline"),
    'import { connectTcp } from "./transport/tcp.node.js";\nimport "../payload.js";\nconst a = \'from "#tcp"\';\n');
  assert.match(asModule("", "ioredis"), /^\/\* @ts-self-types="\.\/types\/ioredis\.d\.ts" \*\/\n$/);
  assert.equal(asDeclaration('import { A } from "./a.js";\nimport type { B } from "b";\nimport { C } from "node:c";\n' +
    'type D = import("./d.js").D;\n', { b: "^1.2.0" }), 'import { A } from "./a.d.ts";\n' +
    'import type { B } from "npm:b@^1.2.0";\nimport { C } from "node:c";\ntype D = import("./d.d.ts").D;\n');
});
