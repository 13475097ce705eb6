import { combobox } from "./combobox.js";
import { Completion } from "./completion.js";
import { drawAnswer, drawRefusal, origin } from "./console-answer.js";
import { element } from "./element.js";
import type { Engine } from "./engine.js";
import { LineHistory } from "./history.js";
import { wordsOf } from "./words.js";

// Try it: a line for commands, with completion by what the server says of them.

const examples = [
  'SET ship "Great Eastern"', "GET ship", "HGETALL package:bash:fields", "GET package:bash",
  "LRANGE ship 0 -1", "CLIENT TRACKINGINFO", "MEMORY USAGE ship", "COMMAND LIST",
];
const answersMax = 20;
const noHint = "Type the name of a command: the list shows what the server knows. Arrow up brings " +
  "back earlier lines.";

/** Returns what lets lines be sent, once there is a connection. */
export const mountConsole = (parent: HTMLElement, engine: Engine): () => void => {
  const history = new LineHistory();
  let completion = new Completion([]);
  let isAsking = true;

  const { input, list, isOpen, close } = combobox("console-line", "Commands",
    (text) => completion.suggest(text), (name) => {
      input.value = `${name} `;
      showHint();
    });
  input.setAttribute("aria-describedby", "console-hint");
  const hint = element("p", { id: "console-hint", class: "note console-hint" }, noHint);
  const button = element("button", { type: "submit", class: "button main" }, "Send");
  const form = element("form", { class: "controls console-form" },
    element("div", { class: "field wide" }, element("label", { for: input.id }, "Command"), input, list), button);
  const tries = element("div", { class: "controls", role: "group", "aria-label": "Commands to try" });
  const state = element("p", { role: "status", class: "quiet" });
  const answers = element("ol", { class: "outcomes", "aria-label": "Replies, newest first" });
  parent.append(form, hint, tries, state, answers);

  const allow = (allowed: boolean): void => {
    isAsking = !allowed;
    answers.setAttribute("aria-busy", String(!allowed));
  };
  const showHint = (): void => {
    const command = completion.commandOf(input.value);
    if (command === undefined) return hint.replaceChildren(noHint);
    hint.replaceChildren(element("code", {}, `${command.name} ${command.syntax}`.trimEnd()), " ", command.summary);
  };
  const show = (answer: HTMLElement, words: string): void => {
    answers.prepend(answer);
    while (answers.children.length > answersMax) answers.lastElementChild!.remove();
    state.textContent = words;
  };
  const ask = async (line: string): Promise<void> => {
    let words: string[];
    try {
      words = wordsOf(line);
    } catch (error) {
      const { message } = error as Error;
      return show(drawRefusal(line, message), message);
    }
    if (words.length === 0) return;
    history.add(line);
    allow(false);
    try {
      const answer = await engine.services.ask(words);
      show(drawAnswer(line, answer), `${line}: ${origin(answer)}`);
      input.value = "";
      showHint();
    } catch (error) {
      const { message } = error as Error;
      show(drawRefusal(line, message), message);
    }
    allow(true);
  };

  input.addEventListener("input", showHint);
  input.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isOpen() || event.altKey) return;
    const line = event.key === "ArrowUp" ? history.older(input.value)
      : event.key === "ArrowDown" ? history.newer() : undefined;
    if (line === undefined) return;
    event.preventDefault();
    input.value = line;
    showHint();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    close();
    if (!isAsking) void ask(input.value.trim());
  });
  for (const line of examples) {
    const example = element("button", { type: "button", class: "button" }, line);
    example.addEventListener("click", () => { if (!isAsking) void ask(line); });
    tries.append(example);
  }
  const buttons = [button, ...tries.querySelectorAll("button")];
  for (const each of buttons) each.disabled = true;
  return () => {
    for (const each of buttons) each.disabled = false;
    allow(true);
    engine.services.commandDocs().then((docs) => {
      completion = new Completion(docs);
      // What was typed before this came wants its list, too.
      if (input.value !== "" && document.activeElement === input) input.dispatchEvent(new Event("input"));
    },
      (error: Error) => { hint.textContent = `The server does not describe its commands: ${error.message}`; });
  };
};
