/** A module of Node's, Deno's or Bun's own; undefined where there is none. Not by an import, which bundlers for
    pages would have to resolve. Some runtimes have a `process` that throws when it is asked for a module. */
export const builtIn = <Module>(name: string): Module | undefined => {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  try {
    return host?.getBuiltinModule?.(name) as Module | undefined;
  } catch {
    return undefined;
  }
};
