// What makes the folders that npm publishes: packaging/npm.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { completeDescription, differences, filesBelow, readList } from "../../packaging/npm/complete.mjs";
import { placeholdersOf } from "../../packaging/npm/publish_guard.mjs";

const inRepository = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path) => readFileSync(inRepository(path), "utf8");
const project = { authors: "Jane", homepage: "https://plimsoll.dev", repository: "https://plimsoll.dev/plimsoll.git",
  bugs: "https://plimsoll.dev/issues" };
const description = { name: "plimsoll", version: "1.2.3", private: true, files: ["dist"] };

let folder;
before(() => { folder = mkdtempSync(join(tmpdir(), "plimsoll-npm-")); });
after(() => rmSync(folder, { recursive: true }));

// A folder that npm could publish, as complete.mjs leaves it.
const stage = (name, { homepage = project.homepage } = {}) => {
  const staged = join(folder, name);
  mkdirSync(staged);
  const completed = completeDescription(description, { ...project, homepage }, "js");
  writeFileSync(join(staged, "package.json"), JSON.stringify(completed));
  copyFileSync(inRepository("packaging/npm/publish_guard.mjs"), join(staged, "publish_guard.mjs"));
  return staged;
};

test("package.json gets the project's author and addresses, and may be published", () => {
  assert.deepEqual(completeDescription(description, project, "js/bridge"), {
    name: "plimsoll", version: "1.2.3", files: ["dist"], author: "Jane", homepage: "https://plimsoll.dev",
    repository: { type: "git", url: "git+https://plimsoll.dev/plimsoll.git", directory: "js/bridge" },
    bugs: { url: "https://plimsoll.dev/issues" }, scripts: { prepublishOnly: "node publish_guard.mjs" },
  });
  assert.throws(() => completeDescription(description, { ...project, bugs: undefined }, "js"),
    /project\.json: bugs is undefined; expected an https:\/\/ address/);
});

test("npm does not publish a folder with addresses that are nobody's, and says which", () => {
  const { status, stderr } = spawnSync("npm", ["publish", "--dry-run"],
    { cwd: stage("refused", { homepage: "https://plimsoll.example" }), encoding: "utf8" });
  assert.equal(status, 1, stderr);
  assert.match(stderr, /plimsoll 1\.2\.3 is not published/);
  assert.match(stderr, /^ {2}homepage: https:\/\/plimsoll\.example$/m);
  assert.doesNotMatch(stderr, /^ {2}(repository|bugs):/m);
  const guard = join(stage("published"), "publish_guard.mjs");
  assert.equal(spawnSync(process.execPath, [guard]).status, 0);
});

test("a missing address is refused as a placeholder is, and names that only contain one are not", () => {
  assert.deepEqual(placeholdersOf({ homepage: "https://example.com/a", bugs: { url: "https://an.example.dev" } }),
    ["homepage: https://example.com/a", "repository: missing"]);
});

test("npm publishes neither of the folders with the sources", () => {
  for (const path of ["js", "js/bridge"]) assert.equal(JSON.parse(read(`${path}/package.json`)).private, true, path);
});

test("both packages have the version of the library", () => {
  const [, version] = /library_version = "(.*)"/.exec(read("core/session/version.h"));
  for (const path of ["js", "js/bridge"]) assert.equal(JSON.parse(read(`${path}/package.json`)).version, version, path);
});

test("a file that the list does not have, or has in vain, is named", () => {
  const listed = readList("# both\nLICENSE\ndist/a.js  # a module\n\n");
  assert.equal(differences(listed, ["dist/a.js", "LICENSE"]), "");
  assert.equal(differences(listed, ["LICENSE", "dist/b.js"]),
    "listed, and not there: dist/a.js\nthere, and not listed: dist/b.js");
  mkdirSync(join(folder, "tree/dist"), { recursive: true });
  for (const name of ["LICENSE", "dist/a.js", "dist/b.js"]) writeFileSync(join(folder, "tree", name), "");
  assert.deepEqual(filesBelow(join(folder, "tree")), ["LICENSE", "dist/a.js", "dist/b.js"]);
});

test("a folder whose files are not those of the list is not made ready", () => {
  const empty = join(folder, "empty");
  mkdirSync(empty);
  writeFileSync(join(empty, "package.json"), JSON.stringify({ name: "plimsoll-bridge" }));
  const { status, stderr } = spawnSync(process.execPath, [inRepository("packaging/npm/complete.mjs"), empty, "js"],
    { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /^complete: plimsoll-bridge does not have the files of \S+\/npm\/plimsoll-bridge\.files:\n/);
  assert.match(stderr, /^listed, and not there: LICENSE$/m);
});
