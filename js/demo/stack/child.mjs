// A program that runs beside this process, and never outlives it.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const wordsMax = 16 * 1024;  // of what it said last
const lastLines = 20;        // of these, where it ends by itself
const patience = 60_000;     // milliseconds: until it is ready, and until it has ended

const living = new Set();
process.on("exit", () => { for (const child of living) child.kill("SIGKILL"); });

// Each in a session of its own: Ctrl-C is for this process, which ends them in their order.
const spawnApart = (program, args, stdio, env = process.env) => {
  const child = spawn(program, args, { stdio, env, detached: true });
  living.add(child);
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve({ error }));
    child.once("close", (status, signal) => resolve({ status, signal }));
  });
  return { child, ended: ended.finally(() => living.delete(child)) };
};

const whyNot = (program, { error, status, signal }, said) => {
  if (error?.code === "ENOENT") return `there is no ${program}: ./dev setup demo installs what is needed`;
  if (error !== undefined) return `${program} does not start: ${error.message}`;
  return `${program} ended (${signal ?? `status ${status}`}):\n${said.trimEnd()}`;
};

/**
 * Runs a program that stays, once it has said what matches `ready`. stop() resolves when it has ended.
 * An Error says why it does not start, in its own last words. One that ends later without stop() is told
 * to `onFall`, as such an Error.
 */
export const startChild = async (program, args, ready, { onFall } = {}) => {
  const { child, ended } = spawnApart(program, args, ["ignore", "pipe", "pipe"]);
  let said = "";
  let timer;
  const isReady = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        said = (said + text).slice(-wordsMax);
        const found = ready.exec(said);
        if (found !== null) resolve({ found });
      });
    }
  });
  const tooLate = new Promise((resolve) => { timer = setTimeout(resolve, patience, { late: true }); });
  const outcome = await Promise.race([isReady, ended, tooLate]);
  clearTimeout(timer);
  let stopping = false;
  const stop = async () => {
    stopping = true;
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), patience);
    await ended;
    clearTimeout(killer);
  };
  if (outcome.late) await stop();
  if (outcome.late) throw new Error(`${program} is not ready after ${patience / 1000} s:\n${said}`);
  if (outcome.found === undefined) throw new Error(whyNot(program, outcome, said));
  ended.then((how) => {
    const words = said.trimEnd().split("\n").slice(-lastLines).join("\n");
    if (!stopping) onFall?.(new Error(whyNot(program, how, words)));
  });
  return { pid: child.pid, found: outcome.found, stop };
};

/**
 * Starts a program that writes lines to its descriptor 3, which go to `onLine`, and reads orders from its standard
 * input, lines as well. `ended` resolves with its exit status; an Error says why it has none. Who kills it is told.
 */
export const startReporter = (program, args, { onLine, output = "inherit", env }) => {
  const { child, ended } = spawnApart(program, args, ["pipe", output, output, "pipe"], env);
  child.stdin.on("error", () => {});  // it has ended, and `ended` says so
  createInterface({ input: child.stdio[3] }).on("line", onLine);
  return {
    pid: child.pid,
    order: (words) => child.stdin.write(`${words}\n`),
    leave: () => child.stdin.end(),
    interrupt: () => child.kill("SIGINT"),
    ended: ended.then(({ error, status, signal }) => {
      if (error !== undefined) throw new Error(whyNot(program, { error }));
      if (status === null) throw new Error(`${program} ended by ${signal}`);
      return status;
    }),
  };
};

/** Runs a program to its end; `signal` interrupts it. Its exit status, null if that came before it could say one. */
export const runChild = async (program, args, { signal, output = "inherit" } = {}) => {
  const { child, ended } = spawnApart(program, args, ["ignore", output, "inherit"]);
  const interrupt = () => child.kill("SIGINT");
  signal?.addEventListener("abort", interrupt);
  if (signal?.aborted) interrupt();
  const { error, status, signal: endedBy } = await ended;
  signal?.removeEventListener("abort", interrupt);
  if (error !== undefined) throw new Error(whyNot(program, { error }));
  if (status === null && !signal?.aborted) throw new Error(`${program} ended by ${endedBy}`);
  return status;
};
