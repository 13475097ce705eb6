// Private clusters: primaries with replicas, whose slots can be moved.

import { connect } from "node:net";
import { connect as connectTls } from "node:tls";

import { holdPort } from "./ports.mjs";
import { startServer } from "./server.mjs";
import { until } from "./wait.mjs";

const slotsCount = 16384;

/** The slot of a key: CRC-16/XMODEM of the key or of its hash tag. */
export const slotOf = (key) => {
  const tag = /\{([^}]+)\}/.exec(key);
  let crc = 0;
  for (const byte of Buffer.from(tag === null || key.indexOf("{") !== tag.index ? key : tag[1])) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  }
  return (crc & 0xffff) % slotsCount;
};

/** A number in braces that is in the slot: a hash tag for keys. */
export const tagOf = (slot) => {
  for (let number = 0; ; ++number) {
    if (slotOf(`${number}`) === slot) return `{${number}}`;
  }
};

// A value at `at` in what a server has said, in RESP2: [it, where the next one begins]. Undefined: it is not whole.
const readValue = (text, at) => {
  const end = text.indexOf("\r\n", at);
  if (end < 0) return undefined;
  const line = text.slice(at + 1, end);
  switch (text[at]) {
    case "-": return [new Error(line), end + 2];
    case ":": return [Number(line), end + 2];
    case "$": {
      const begin = end + 2;
      const size = Number(line);
      if (size < 0) return [null, begin];
      return text.length < begin + size + 2 ? undefined : [text.slice(begin, begin + size), begin + size + 2];
    }
    case "*": {
      const all = [];
      let next = end + 2;
      for (let left = Number(line); left > 0; --left) {
        const found = readValue(text, next);
        if (found === undefined) return undefined;
        all.push(found[0]);
        next = found[1];
      }
      return [all, next];
    }
    default: return [line, end + 2];
  }
};

/** A command as an array of bulk strings. */
export const encode = (words) => `*${words.length}\r\n${words
  .map((word) => `$${Buffer.byteLength(`${word}`)}\r\n${word}\r\n`).join("")}`;

/** `primaries` nodes that share the slots evenly, and `replicas` replicas of each, behind all of them: of nodes[0],
    of nodes[1]... `password`: of the default user. `certificates`: the nodes listen with TLS alone, and reach each
    other so; see makeCertificates(). `options`: more arguments of the nodes. */
export const startNodes = async (
  { primaries = 3, replicas = 0, password, certificates, options = [], nodeTimeout = 2000 } = {}) => {
  const start = async () => {
    const busPort = await holdPort();
    const tlsPort = certificates === undefined ? undefined : await holdPort();
    const secure = certificates === undefined ? []
      : [...certificates.optionsFor(tlsPort), "--tls-cluster", "yes", "--tls-replication", "yes"];
    const secret = password === undefined ? [] : ["--requirepass", password, "--masterauth", password];
    const server = await startServer(["--cluster-enabled", "yes", "--cluster-port", `${busPort}`,
      "--cluster-node-timeout", `${nodeTimeout}`, "--cluster-allow-replica-migration", "no",
      "--repl-diskless-sync-delay", "0", ...secret, ...secure, ...options]);
    const port = tlsPort ?? server.port;
    return { ...server, port, busPort, address: `127.0.0.1:${port}`, isRunning: true };
  };
  const nodes = await Promise.all(Array.from({ length: primaries * (replicas + 1) }, start));
  const running = () => nodes.filter(({ isRunning }) => isRunning);

  // What a node answers to one command, an error among it.
  const tryToAsk = (node, ...words) => new Promise((resolve, reject) => {
    const socket = certificates === undefined ? connect(node.port, "127.0.0.1")
      : connectTls({ port: node.port, host: "127.0.0.1", ca: certificates.ca });
    let said = "";
    const login = password === undefined ? "" : encode(["AUTH", password]);
    socket.write(login + encode(words));
    socket.on("data", (bytes) => {
      said += bytes.toString("latin1");
      const begin = login === "" ? 0 : "+OK\r\n".length;
      const found = said.length > begin ? readValue(said, begin) : undefined;
      if (found === undefined) return;
      socket.destroy();
      resolve(found[0]);
    });
    socket.once("error", reject);
  });
  const ask = async (node, ...words) => {
    const reply = await tryToAsk(node, ...words);
    if (reply instanceof Error) throw new Error(`${node.address} refuses ${words.join(" ")}: ${reply.message}`);
    return reply;
  };

  // The lines of CLUSTER NODES, as objects.
  const known = async (node) => (await ask(node, "CLUSTER", "NODES")).trim().split("\n").map((line) => {
    const [id, , flags, primary, , , epoch, link, ...slots] = line.split(" ");
    const rows = slots.filter((each) => !each.startsWith("[")).map((each) => each.split("-").map(Number));
    return { id, flags: flags.split(","), primary, epoch, isLinked: link === "connected",
      owns: (slot) => rows.some(([first, last = first]) => first <= slot && slot <= last) };
  });
  const ownerBy = async (node, slot) => {
    const owner = (await known(node)).find((each) => each.owns(slot));
    return nodes.find(({ id }) => id === owner?.id);
  };
  const isSettled = async (node) => {
    if (!(await ask(node, "CLUSTER", "INFO")).includes("cluster_state:ok")) return false;
    const all = await known(node);
    const isWell = ({ flags, isLinked }) => (isLinked || flags.includes("myself"))
      && !["fail", "fail?", "handshake"].some((each) => flags.includes(each));
    const count = all.filter(({ flags }) => flags.includes("master")).length;
    if (all.length !== running().length || !all.every(isWell) || count !== primaries) return false;
    const replication = await ask(node, "INFO", "replication");
    return !replication.includes("role:slave") || replication.includes("master_link_status:up");
  };
  const settle = () => until(async () => (await Promise.all(running().map(isSettled))).every(Boolean));

  for (const [index, node] of nodes.entries()) {
    node.id = await ask(node, "CLUSTER", "MYID");
    await ask(node, "CLUSTER", "SET-CONFIG-EPOCH", index + 1);
    if (index >= primaries) continue;
    await ask(node, "CLUSTER", "ADDSLOTSRANGE", Math.floor(slotsCount * index / primaries),
      Math.floor(slotsCount * (index + 1) / primaries) - 1);
  }
  // All with all, since gossip takes longer.
  for (const [index, node] of nodes.entries()) {
    for (const other of nodes.slice(index + 1)) {
      await ask(node, "CLUSTER", "MEET", "127.0.0.1", other.port, other.busPort);
    }
  }
  for (const [index, node] of nodes.slice(primaries).entries()) {
    const { id } = nodes[Math.floor(index / replicas)];
    await until(async () => !(await tryToAsk(node, "CLUSTER", "REPLICATE", id) instanceof Error));
  }
  await settle();

  const ownerOf = async (slot) => {
    for (const node of running()) {
      const owner = await ownerBy(node, slot);
      if (owner !== undefined) return owner;
    }
    return undefined;
  };
  const tellOwner = async (slot, told, to) => {
    for (const node of told) await ask(node, "CLUSTER", "SETSLOT", slot, "NODE", to.id);
  };
  const scheme = certificates === undefined ? "valkey" : "valkeys";
  const cluster = {
    nodes, ask, tryToAsk, settle, ownerOf,
    address: `${scheme}+cluster://${nodes.map(({ address }) => address).join(",")}`,

    /** Moves up to `count` keys of a slot that is on its way to `to`, one by one. */
    migrateKeys: async (slot, to, count = Infinity) => {
      const from = await ownerOf(slot);
      for (let moved = 0; moved < count;) {
        const keys = await ask(from, "CLUSTER", "GETKEYSINSLOT", slot, Math.min(count - moved, 100));
        if (keys.length === 0) break;
        moved += keys.length;
        const secret = password === undefined ? [] : ["AUTH", password];
        for (const key of keys) {
          await ask(from, "MIGRATE", "127.0.0.1", to.port, "", 0, 10_000, ...secret, "KEYS", key);
        }
      }
    },
    beginMove: async (slot, to) => {
      const from = await ownerOf(slot);
      await ask(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", from.id);
      await ask(from, "CLUSTER", "SETSLOT", slot, "MIGRATING", to.id);
    },
    /** Returns when all nodes know that this move is the latest. A next one that came earlier could be undone by it,
        keys and all. */
    finishMove: async (slot, to) => {
      const from = await ownerOf(slot);
      const primaryIds = (await known(to)).filter(({ flags }) => flags.includes("master")).map(({ id }) => id);
      const others = running().filter((each) => each !== from && each !== to && primaryIds.includes(each.id));
      await tellOwner(slot, [to, from, ...others], to);
      await until(async () => {
        const rows = await Promise.all([to, ...running()].map(known));
        const [{ epoch }] = rows[0].filter(({ id }) => id === to.id);
        return rows.every((all) => all.some((each) => each.id === to.id && each.epoch === epoch && each.owns(slot)));
      });
    },
    /** Gives a slot with its keys to another primary, as tools do it. */
    moveSlot: async (slot, to) => {
      await cluster.beginMove(slot, to);
      await cluster.migrateKeys(slot, to);
      await cluster.finishMove(slot, to);
    },

    /** Waits until all nodes that run say that this one owns the slot. */
    untilOwner: (slot, node) => until(async () =>
      (await Promise.all(running().map((each) => ownerBy(each, slot)))).every((owner) => owner === node)),

    /** Has a replica take over, with its primary's consent. */
    failOver: async (replica) => {
      await ask(replica, "CLUSTER", "FAILOVER");
      await until(async () => (await ask(replica, "ROLE"))[0] === "master");
    },
    /** A replica of `primary`. */
    replicaOf: async (primary) => {
      const found = (await known(primary)).find((each) => each.primary === primary.id);
      return nodes.find(({ id }) => id === found?.id);
    },
    kill: (node) => {
      process.kill(node.pid, "SIGKILL");
      node.isRunning = false;
    },
    freeze: (node) => {
      process.kill(node.pid, "SIGSTOP");
      node.isRunning = false;
    },
    thaw: (node) => {
      process.kill(node.pid, "SIGCONT");
      node.isRunning = true;
    },
    stop: async () => {
      for (const node of nodes) {
        try {
          // A process that hangs does not end.
          process.kill(node.pid, "SIGCONT");
        } catch {}
        await node.stop();
      }
    },
  };
  return cluster;
};
