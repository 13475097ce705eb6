import type { Berth } from "../engine/fleet.js";

// Who the page is to the bridge: what ./dev demo printed behind the # of the address, which no
// browser sends to anybody. It leaves the address bar at once, and lives as long as the tab.

const kept = "plimsoll-demo";

export const findBerth = (): Berth | undefined => {
  const said = location.hash.slice(1);
  // A link to a panel has a hash as well.
  if (new URLSearchParams(said).has("token")) {
    sessionStorage.setItem(kept, said);
    history.replaceState(null, "", location.pathname);
  }
  const words = new URLSearchParams(sessionStorage.getItem(kept) ?? "");
  const token = words.get("token");
  if (token === null) return undefined;
  const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`;
  return { address, token, troubleToken: words.get("trouble") ?? undefined };
};
