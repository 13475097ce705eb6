#!/usr/bin/env node
// Runs the binary of this platform with the arguments given here, hands signals on to it, and ends as
// it ends.

import { spawn } from "node:child_process";

import { withLocalUse } from "./arguments.mjs";
import { binaryOf, thisPlatform } from "./binary.mjs";

const handedOn = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"];

const fail = ({ message }) => {
  console.error(`plimsoll-bridge: ${message}`);
  process.exit(1);
};

const run = (binary) => {
  // Before the binary says anything: whoever reads that may send a signal at once.
  let bridge;
  for (const signal of handedOn) process.on(signal, () => bridge.kill(signal));
  bridge = spawn(binary, withLocalUse(process.argv.slice(2)), { stdio: "inherit" });
  bridge.on("error", fail);
  bridge.on("exit", (status, signal) => {
    if (signal === null) process.exit(status);
    for (const each of handedOn) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
};

try {
  run(binaryOf(thisPlatform()));
} catch (error) {
  fail(error);
}
