// Ports of 127.0.0.1 that nobody else is given while a test needs them.

import { spawn } from "node:child_process";

// Binds a port for each line that it reads, and never listens there. A server that sets SO_REUSEADDR, as all
// of ours do, can bind the same port and listen; the system gives it to nobody who asks for any port, nor to
// a connection that goes out; and as long as nobody listens, whoever connects is refused. Node itself can
// bind a TCP port only by listening on it.
const holder = `
import signal, socket, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks
held = []
for line in sys.stdin:
    held.append(socket.socket())
    held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held[-1].bind(("127.0.0.1", 0))
    print(held[-1].getsockname()[1], flush=True)
`;

let child;
const waiting = [];

const startHolder = () => {
  child = spawn("python3", ["-c", holder], { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (bytes) => {
    text += bytes;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      waiting.shift().resolve(Number(text.slice(0, end)));
      text = text.slice(end + 1);
    }
  });
  child.on("error", (error) => { for (const each of waiting.splice(0)) each.reject(error); });
  // It ends with its input, which ends with this process; and this process waits for neither.
  child.unref();
  child.stdin.unref?.();
  child.stdout.unref?.();
};

/** A port that is this process's until it ends: for a server that it starts, or to have nobody there. */
export const holdPort = () => {
  if (child === undefined) startHolder();
  return new Promise((resolve, reject) => {
    child.stdout.ref?.();
    const settle = (then) => (value) => {
      if (waiting.length === 0) child.stdout.unref?.();
      then(value);
    };
    waiting.push({ resolve: settle(resolve), reject: settle(reject) });
    child.stdin.write("\n");
  });
};
