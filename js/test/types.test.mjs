// Compiles what is in types/ against the package's declarations, as a user's strict project would.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

test("calls have the types that they should", () => {
  const files = ["types/commands.ts", "types/calls.ts"].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)));
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, lib: ["lib.es2022.d.ts"],
    types: [], strict: true, exactOptionalPropertyTypes: true, noEmit: true,
  });
  const problems = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    return `${file?.fileName}:${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
  assert.deepEqual(problems, []);
});
