import "../style/cluster-page.css";

import { element, place } from "../page/element.js";
import { makeFigures, write } from "../page/figures.js";
import { asBytes, asCount } from "../page/format.js";
import { sayState } from "../page/say-state.js";
import { makeChart } from "./chart.js";
import { makeCurves } from "./curves.js";
import { makeLog } from "./log.js";
import { makeNodes } from "./nodes.js";
import { sendOrder, type State, watchState } from "./state.js";

const said = element("output", { class: "said" });
const order = (words: string): void => {
  said.textContent = "";
  sendOrder(words).catch((error: unknown) => { said.textContent = `Not ordered: ${String(error)}`; });
};

const move = element("button", { class: "button main", type: "button" }, "Move slots");
move.disabled = true;
const hint = element("p", { class: "note" });
move.addEventListener("click", () => order("move"));

const chart = makeChart(document.body);
const nodes = makeNodes(order);
const curves = makeCurves();
const log = makeLog();
const figures = makeFigures({
  wrong: "wrong",
  acknowledged: "acknowledged",
  inDoubt: "in doubt, as was told",
  notRun: "failed, and not run",
  lists: "lists compared with their callers",
  reads: "replies of the walk compared",
  redirected: "went on after MOVED",
  asked: "went on after ASK",
  sentAgain: "sent again",
  parked: "wait for an owner now",
  connections: "connections",
  memory: "held by the clients",
});

place("slots").append(
  element("div", { class: "columns" }, chart.picture,
    element("div", {}, nodes.list, element("div", { class: "controls" }, move), hint, said)));
place("callers").append(element("div", { class: "columns" }, ...curves.figures), figures.list);
place("log").append(log.list);

const show = (state: State): void => {
  chart.show(state);
  nodes.show(state.nodes, state.walked);
  move.disabled = !state.walked;
  write(hint, state.walked ? "" : "The buttons work as soon as the walk is done.");
  curves.show(state);
  log.show(state.news);
  const { counts, client } = state;
  figures.show({
    wrong: asCount(counts.wrong),
    acknowledged: asCount(counts.acknowledged),
    inDoubt: asCount(counts.inDoubt),
    notRun: asCount(counts.notRun + counts.readsFailed),
    lists: asCount(counts.lists),
    reads: asCount(counts.reads),
    redirected: asCount(client.moved),
    asked: asCount(client.asked),
    sentAgain: asCount(client.sentAgain),
    parked: asCount(client.parked),
    connections: asCount(client.connections),
    memory: [asBytes(client.memory), `of ${asBytes(client.limit)}`],
  });
  const wrong = counts.wrong === 0 ? "0 wrong" : `${asCount(counts.wrong)} WRONG`;
  sayState(`${wrong}. ${state.doing === "" ? "Nothing is done to the cluster now." : `Now: ${state.doing}.`}`,
    counts.wrong === 0 ? "good" : "bad");
};

void watchState((state) => {
  if (state === undefined) sayState("Nobody answers. If ./dev demo --cluster has ended, start it again, and open the address that it prints then.", "bad");
  else show(state);
});
