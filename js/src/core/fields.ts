import type { Core } from "./core.js";

// Writes and reads records of numbers in the core's memory.

/** Writes fields to the record at `record`: as doubles before the offset `doublesEnd`, as 32 bits behind it.
    Leaves fields that are undefined as they are. */
export const writeFields = (
  core: Core,
  record: number,
  offsets: Readonly<Record<string, number>>,
  doublesEnd: number,
  fields: Readonly<Record<string, number | undefined>>,
): void => {
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const at = record + offsets[name]!;
    if (offsets[name]! < doublesEnd) core.doubles[at >> 3] = value;
    else core.words[at >> 2] = value;
  }
};

/** Reads a double for each name, one behind the other. */
export const readNumbers = <Name extends string>(
  core: Core,
  at: number,
  names: readonly Name[],
): Record<Name, number> => {
  const numbers = {} as Record<Name, number>;
  names.forEach((name, index) => { numbers[name] = core.doubles[(at >> 3) + index]!; });
  return numbers;
};
