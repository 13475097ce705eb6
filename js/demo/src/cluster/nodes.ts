import { element } from "../page/element.js";
import { write } from "../page/figures.js";
import { asCount } from "../page/format.js";
import type { ClusterNode } from "./state.js";

// A card for each node: what it is, what it does, and what one can do to it.

type Action = readonly [verb: "kill" | "promote" | "start", words: string];

const actionOf = (node: ClusterNode): Action[] => {
  if (!node.running) return [["start", "Start again"]];
  const kill: Action = ["kill", "Kill"];
  return node.role === "replica" ? [["promote", "Take over"], kill] : [kill];
};

const roleOf = ({ running, role, of, failed }: ClusterNode): string => {
  if (!running) return "dead";
  if (failed) return "failed, say the others";
  return role === "replica" && of !== null ? `replica of ${of}` : role;
};

interface Card {
  readonly item: HTMLElement;
  show(node: ClusterNode, isOpen: boolean): void;
}

const makeCard = (name: string, index: number, order: (words: string) => void): Card => {
  const role = element("span", { class: "tag" });
  const address = element("p", { class: "node-address" });
  const values = { slots: new Text(), rate: new Text(), client: new Text() };
  const buttons = element("div", { class: "node-buttons" });
  const figures = element("dl", { class: "node-figures" });
  for (const [title, text] of [["slots", values.slots], ["replies a second", values.rate], ["client", values.client]] as const) {
    figures.append(element("div", {}, element("dt", {}, title), element("dd", {}, text)));
  }
  const item = element("li", { class: "node", "data-node": String(index), "aria-label": `Node ${name}` },
    element("p", { class: "node-name" }, element("strong", {}, name), role), address, figures, buttons);
  let shown = "";
  return {
    item,
    show: (node, isOpen) => {
      const words = roleOf(node);
      write(role, words);
      role.dataset["kind"] = !node.running || node.failed ? "bad" : node.role === "primary" ? "good" : "";
      write(address, node.address);
      write(values.slots, asCount(node.slots));
      write(values.rate, asCount(node.rate));
      write(values.client, node.client === null ? "–" : `${node.client}, ${asCount(node.inFlight)} in flight`);
      const actions = actionOf(node);
      const key = JSON.stringify([actions, isOpen]);
      if (key === shown) return;
      shown = key;
      const had = buttons.contains(document.activeElement);
      buttons.replaceChildren(...actions.map(([verb, title]) => {
        const button = element("button", {
          class: verb === "kill" ? "button breaks" : "button", type: "button", "aria-label": `${title}: ${name}` }, title);
        button.disabled = !isOpen;
        button.addEventListener("click", () => order(`${verb} ${name}`));
        return button;
      }));
      if (had) buttons.querySelector("button")?.focus();
    },
  };
};

export interface Nodes {
  readonly list: HTMLElement;
  /** `isOpen`: whether orders are taken. */
  show(nodes: readonly ClusterNode[], isOpen: boolean): void;
}

/** `order` gets "kill A1" and the like. */
export const makeNodes = (order: (words: string) => void): Nodes => {
  const list = element("ul", { class: "nodes" });
  const cards = new Map<string, Card>();
  return {
    list,
    show: (nodes, isOpen) => {
      const byName = [...nodes.entries()].sort(([, one], [, other]) => (one.name < other.name ? -1 : 1));
      for (const [index, node] of byName) {
        let card = cards.get(node.name);
        if (card === undefined) {
          card = makeCard(node.name, index, order);
          cards.set(node.name, card);
          list.append(card.item);
        }
        card.show(node, isOpen);
      }
    },
  };
};
