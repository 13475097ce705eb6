// What the demo's commands have in common: arguments, signals, and lines as the native demos print them.

import { parseArgs } from "node:util";

const portMax = 65_535;

/** The exit status after Ctrl-C, as shells have it: 128 and the number of SIGINT. */
export const interrupted = 130;

/** --once and --port; all other arguments are `forWalk`. Throws an Error that says what is wrong. */
export const readArguments = () => {
  const { values, tokens } = parseArgs({ strict: false, tokens: true, options: {
    once: { type: "boolean", default: false },
    port: { type: "string", default: "0" },
  } });
  const port = /^\d+$/.test(values.port) ? Number(values.port) : NaN;
  const found = values.port === true ? "nothing" : `'${values.port}'`;
  if (!(port <= portMax)) throw new Error(`--port: expected 0 to ${portMax}, found ${found}`);
  const ours = new Set();
  for (const { index, name, inlineValue } of tokens) {
    if (name === "once" || name === "port") ours.add(index);
    if (name === "port" && !inlineValue) ours.add(index + 1);
  }
  const forWalk = process.argv.slice(2).filter((_, index) => !ours.has(index));
  return { once: values.once || !process.stdout.isTTY, port, forWalk };
};

/** Aborted by Ctrl-C, and by what else is to end the command. */
export const stopOnSignals = () => {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stopping.abort());
  return stopping.signal;
};

/** A label and what belongs to it. */
export const line = (label, text) => console.log(`${label.padEnd(9)}${text}`);

/** Runs a command to its end: its exit status, or what has failed. */
export const runCommand = async (run) => {
  try {
    process.exitCode = await run();
  } catch (error) {
    console.error(`demo: ${error.message}`);
    process.exitCode = 1;
  }
};
