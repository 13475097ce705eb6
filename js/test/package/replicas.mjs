// Private servers of which some are replicas of the first.

import { holdPort } from "./ports.mjs";
import { ask } from "./sentinels.mjs";
import { startServer } from "./server.mjs";
import { until } from "./wait.mjs";

/** A primary and its replicas. `zones`: a zone for each of them, the primary's first. `certificates`: the servers
    listen with TLS, too, at `tlsPort`, where the replicas reach the primary; see makeCertificates(). */
export const startReplicated = async ({ replicas = 2, options = [], zones = [], certificates = undefined } = {}) => {
  const own = ["--repl-diskless-sync-delay", "0", ...options];
  const start = async (index, more) => {
    const tlsPort = certificates === undefined ? undefined : await holdPort();
    const secure = certificates === undefined ? [] : [...certificates.optionsFor(tlsPort), "--tls-replication", "yes"];
    const zone = zones[index] === undefined ? [] : ["--availability-zone", zones[index]];
    return { ...await startServer([...own, ...zone, ...secure, ...more]), tlsPort };
  };
  const primary = await start(0, []);
  const of = ["--replicaof", "127.0.0.1", `${primary.tlsPort ?? primary.port}`];
  const rest = await Promise.all(Array.from({ length: replicas }, (_, index) => start(index + 1, of)));
  const servers = [primary, ...rest];
  return {
    primary, replicas: rest, servers, address: primary.address,
    /** Waits until the primary has all replicas online. Not for servers with a password. */
    ready: () => until(async () =>
      (await ask(primary.port, "INFO", "replication")).split("state=online").length === replicas + 1),
    stop: async () => {
      for (const each of servers) await each.stop();
    },
  };
};

/** How often this server has executed a command since it began, or since CONFIG RESETSTAT. */
export const callsOf = async ({ port }, command) => {
  const said = await ask(port, "INFO", "commandstats");
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(said)?.[1] ?? 0);
};
