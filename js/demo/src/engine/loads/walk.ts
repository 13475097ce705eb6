import { closureOf } from "./closure.js";
import { type Course, type Load, membersOf, type Reply } from "./load.js";

// The dependencies of every installed package, one package after the other. Most of them end in the
// same libraries, so the same keys come up again and again.

const installed = "packages:installed";

export const walk: Load = {
  // Less than a third of what the packages of a small installation take.
  cacheKb: () => 256,
  readsPerPoint: 500,
  prepare: async (writer) => {
    if (await writer.scard(installed) > 0) return;
    throw new Error(`there is no package data on this server (${installed} is empty); ./dev demo loads it`);
  },
  *course(): Course {
    const [names] = yield { reads: [{ command: "SMEMBERS", key: installed }], part: 0 };
    const roots = membersOf(names);
    let members = 0;
    for (const [index, root] of roots.entries()) {
      const closure = closureOf(root);
      let replies: readonly Reply[] = [];
      for (let next = closure.next(); ; next = closure.next(replies)) {
        if (next.done) {
          members += next.value.length;
          break;
        }
        replies = yield { reads: next.value, part: index / roots.length };
      }
    }
    return `${roots.length} packages, with ${members.toLocaleString("en")} in their closures`;
  },
};
