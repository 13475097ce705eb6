// validate.mjs FILE...: whether each is a bill of materials as CycloneDX's own schema has it.

import { readFileSync } from "node:fs";

import { Spec, Validation } from "@cyclonedx/cyclonedx-library";

const files = process.argv.slice(2);
if (files.length === 0) throw new Error("expected files");
let status = 0;
for (const file of files) {
  const text = readFileSync(file, "utf8");
  const { specVersion, components, dependencies } = JSON.parse(text);
  const problem = await new Validation.JsonStrictValidator(Spec.Version[`v${specVersion.replace(".", "dot")}`])
    .validate(text);
  // The schema asks for no more of a reference than that it is a text.
  const known = new Set(components.map((each) => each["bom-ref"]));
  const strangers = dependencies.flatMap(({ dependsOn }) => dependsOn).filter((each) => !known.has(each));
  if (problem !== null || strangers.length > 0) {
    console.error(`${file}: ${JSON.stringify(problem ?? strangers, null, 2)}`);
    status = 1;
  } else {
    console.error(`${file}: valid CycloneDX ${specVersion}, ${components.length} components`);
  }
}
process.exit(status);
