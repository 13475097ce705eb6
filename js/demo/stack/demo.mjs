// ./dev demo: the stack, the native walk on its server, and the page until Ctrl-C.
//
//   node demo.mjs [--once] [--port N] [ARGUMENTS OF THE NATIVE DEMO]
//
// PLIMSOLL_DEMO and PLIMSOLL_BRIDGE are the programs, as tools/dev/demo.sh has built them. Ends with 0
// if all went well, Ctrl-C on a page that was served included; 130 if that came before; else 1: where the
// server or the bridge ends by itself, with its last words.

import { checkPage } from "./check.mjs";
import { interrupted, line, readArguments, runCommand, stopOnSignals } from "./command.mjs";
import { startStack } from "./stack.mjs";
import { walk } from "./walk.mjs";

const stopping = stopOnSignals();

const untilAborted = (signal) => new Promise((resolve) => {
  if (signal.aborted) return resolve();
  // A listener alone keeps nobody running.
  const timer = setInterval(() => {}, 1 << 30);
  signal.addEventListener("abort", () => { clearInterval(timer); resolve(); });
});

const serve = async (stack, signal) => {
  line("page", stack.page);
  line("", `for this machine alone; its server: valkey-cli -p ${stack.server.port}`);
  line("", "Ctrl-C ends it all");
  await untilAborted(signal);
};

// Whatever is done on the stack ends when a part of it does by itself, and then because of that.
const onStack = async (stack, work) => {
  const lost = new AbortController();
  stack.fallen.then((error) => lost.abort(error));
  try {
    return await work(AbortSignal.any([stopping, lost.signal]));
  } finally {
    if (lost.signal.aborted) throw lost.signal.reason;
  }
};

const run = async () => {
  const { once, port, forWalk } = readArguments();
  const stack = await startStack({ port });
  try {
    if (stopping.aborted) return interrupted;
    return await onStack(stack, async (signal) => {
      const status = await walk(stack, forWalk, { signal });
      if (signal.aborted) return interrupted;
      if (status !== 0) return status;
      const files = await checkPage(stack);
      if (once) line("page", `${files} files answer, and the server through ${stack.origin}`);
      else await serve(stack, signal);
      return 0;
    });
  } finally {
    await stack.stop();
  }
};

await runCommand(run);
