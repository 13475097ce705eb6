import type { Policy } from "../engine/fleet.js";
import type { LoadName } from "../engine/loads/loads.js";
import type { ReplayNews } from "../engine/replays.js";
import { element } from "./element.js";
import type { Engine } from "./engine.js";
import { asCount, asPercent } from "./format.js";
import { write } from "./figures.js";
import { descriptions, loadNames, policyTitle, titles } from "./loads.js";

// Which load under which policy, and how fast; each begins with a new, cold cache.

const paces: readonly { name: string; perSecond: number | undefined }[] = [
  { name: "gentle: 1,000 a second", perSecond: 1000 },
  { name: "brisk: 50,000 a second", perSecond: 50_000 },
  { name: "as fast as it goes", perSecond: undefined },
];
const paceAtFirst = 2;

interface Choice { readonly name: string; readonly value: string }

const makeChoices = (legend: string, group: string, chosen: number, all: readonly Choice[],
  handleChoice: (value: string) => void = () => {}): HTMLFieldSetElement => {
  const choices = all.map(({ name, value }, index) => {
    const radio = element("input", { type: "radio", name: group, value });
    radio.checked = index === chosen;
    radio.addEventListener("change", () => handleChoice(value));
    return element("label", { class: "choice" }, radio, name);
  });
  return element("fieldset", { class: "choices" }, element("legend", {}, legend), ...choices);
};

const inWords = (news: ReplayNews): string => {
  const what = `${titles[news.load]}, ${policyTitle(news.policy)}`;
  const failures = news.failed === 0 ? "" :
    ` Not answered: ${asCount(news.failed)}, the last because ${news.lastFailure}.`;
  switch (news.stage) {
    case "preparing": return `${what}: its keys are made ready.`;
    case "running": return `${what}: running.`;
    case "stopped": return `${what}: stopped after ${asCount(news.reads)} reads.${failures}`;
    case "done": return `${what}: done. ${news.found}; ${asCount(news.reads)} reads, ` +
      `${asPercent(news.hits / news.reads)} of them hits.${failures}`;
  }
};

export const mountReplays = (parent: HTMLElement, engine: Engine): void => {
  const policyPlace = element("div");
  const status = element("p", { class: "replay-status", role: "status" }, "Nothing is being replayed.");
  const progress = element("progress", { max: "1", value: "0", "aria-label": "how much of the replay is done" });
  const speed = element("output", { class: "note", "aria-label": "speed of the replay", "aria-live": "off" });
  const stop = element("button", { class: "button", type: "button" }, "Stop");

  const policy = (): Policy =>
    policyPlace.querySelector<HTMLInputElement>("input:checked")?.value as Policy ?? "lru";
  const begin = (load: LoadName): void => {
    engine.services.replay(load, policy())
      .catch((error: Error) => write(status, `${titles[load]}: ${error.message}`));
  };

  engine.services.policies().then((policies) => {
    policyPlace.append(makeChoices("Which entry goes first where there is no room", "policy", 0,
      policies.map((name) => ({ name: policyTitle(name), value: name }))));
  }, (error: Error) => write(status, error.message));

  const cards = loadNames.map((load) => {
    const button = element("button", {
      class: "button main", type: "button", "aria-describedby": `load-${load}`,
    }, "Replay", element("span", { class: "quiet" }, ` ${titles[load]}`));
    button.addEventListener("click", () => begin(load));
    return element("li", { class: "load" },
      element("div", {}, element("strong", {}, titles[load]),
        element("p", { class: "note", id: `load-${load}` }, descriptions[load])),
      button);
  });
  parent.append(
    policyPlace,
    makeChoices("Speed", "pace", paceAtFirst,
      paces.map(({ name }, index) => ({ name, value: String(index) })),
      (index) => void engine.services.setPace(paces[Number(index)]!.perSecond)),
    element("ul", { class: "loads" }, ...cards),
    element("div", { class: "controls replay-state" }, stop, progress),
    speed, status);

  stop.addEventListener("click", () => void engine.services.stopReplay());
  engine.on("replay", (news) => {
    progress.value = news.part;
    write(speed, `${asCount(news.perSecond)} reads a second`);
    write(status, inWords(news));
  });
};
