// What Valkey itself says of what the page did.

/** Starts counting anew. */
export const resetCounters = (server) => server.command(["CONFIG", "RESETSTAT"]);

/** How often each command ran since then, by its name in small letters: "get", "client|kill". */
export const commandCounts = async (server) => {
  const said = await server.command(["INFO", "commandstats"]);
  const counts = Object.fromEntries([...said.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)]
    .map(([, name, calls]) => [name, Number(calls)]));
  return (name) => counts[name] ?? 0;
};

/** A field of INFO. */
export const infoField = async (server, section, field) => {
  const said = await server.command(["INFO", section]);
  return new RegExp(`^${field}:(.*?)\r?$`, "m").exec(said)?.[1];
};

/** The ids of connections with this client's name. */
export const idsOf = async (server, name) => {
  const said = await server.command(["CLIENT", "LIST"]);
  return [...said.matchAll(/^id=(\d+) .*? name=(\S*)/gm)]
    .filter(([, , each]) => each === name).map(([, id]) => Number(id));
};
