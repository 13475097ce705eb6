// ./dev demo --cluster: six nodes, what is done to them, and the page that shows it, until Ctrl-C.
//
//   node cluster.mjs [--once] [--port N] [ARGUMENTS OF THE NATIVE DEMO]
//
// PLIMSOLL_CLUSTER_DEMO is the program, as tools/dev/demo.sh has built it. Ends with 0 if nothing was wrong, Ctrl-C
// behind the walk included; 130 if that came before; else 1.

import { startClusterStack } from "./cluster-stack.mjs";
import { line, readArguments, runCommand, stopOnSignals } from "./command.mjs";

const checkPage = async ({ page, files }, state) => {
  const response = await fetch(page);
  if (response.status !== 200) throw new Error(`the page answers ${response.status}`);
  const text = await response.text();
  for (const [, name] of text.matchAll(/(?:src|href)="([^"#]+)"/g)) {
    const { status } = await fetch(new URL(name, page));
    if (status !== 200) throw new Error(`${name} answers ${status}`);
  }
  line("page", `${files} files answer, and show ${state.nodes.length} nodes`);
};

await runCommand(async () => {
  const { once, port, forWalk } = readArguments();
  const stopping = stopOnSignals();
  const stack = await startClusterStack({ port, args: forWalk });
  stopping.addEventListener("abort", stack.interrupt);
  if (stopping.aborted) stack.interrupt();
  if (once) {
    const state = await stack.until(({ news }) => news.some(({ label }) => label === "walked"));
    if (state !== undefined) await checkPage(stack, state);
    stack.leave();
  }
  return stack.ended;
});
