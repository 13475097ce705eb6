import { element } from "./element.js";

// An input with a list of what could be meant, by the combobox pattern of ARIA 1.2: the focus stays in
// the input; arrows choose, Enter takes, Escape closes.

export interface Suggestion {
  readonly value: string;
  /** Beside it, smaller. */
  readonly note: string;
}

export interface Combobox {
  readonly input: HTMLInputElement;
  readonly list: HTMLElement;
  readonly isOpen: () => boolean;
  close(): void;
}

/** `suggest` gives what fits a text; `take` is told what was chosen. Keys that are of no use to the list
    are left to other listeners of the input: those come later, and see isOpen() and defaultPrevented. */
export const combobox = (
  id: string,
  label: string,
  suggest: (text: string) => readonly Suggestion[],
  take: (value: string) => void,
): Combobox => {
  const list = element("ul", { id: `${id}-list`, class: "suggestions", role: "listbox", "aria-label": label });
  const input = element("input", { id, type: "text", role: "combobox", "aria-autocomplete": "list",
    "aria-expanded": "false", "aria-controls": list.id, autocomplete: "off", autocapitalize: "off",
    spellcheck: "false" });
  list.hidden = true;
  let chosen = -1;

  const isOpen = (): boolean => !list.hidden;
  const choose = (index: number): void => {
    chosen = index;
    Array.from(list.children).forEach((option, at) => {
      option.setAttribute("aria-selected", String(at === index));
      if (at === index) option.scrollIntoView({ block: "nearest" });
    });
    if (index < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", `${id}-option-${index}`);
  };
  const setOpen = (open: boolean): void => {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    choose(-1);
  };
  const takeOne = (value: string): void => {
    take(value);
    setOpen(false);
  };
  const open = (): void => {
    const found = suggest(input.value);
    list.replaceChildren(...found.map(({ value, note }, index) => {
      const option = element("li", { id: `${id}-option-${index}`, role: "option", "aria-selected": "false" },
        element("strong", {}, value), " ", element("span", {}, note));
      // Before the input loses the focus.
      option.addEventListener("mousedown", (event) => {
        event.preventDefault();
        takeOne(value);
      });
      return option;
    }));
    setOpen(found.length > 0);
  };
  const chosenValue = (): string | undefined => suggest(input.value)[chosen]?.value;
  const move = (by: number): void => {
    const count = list.children.length;
    choose(chosen < 0 && by < 0 ? count - 1 : (chosen + by + count) % count);
  };

  input.addEventListener("input", open);
  input.addEventListener("blur", () => setOpen(false));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && event.altKey && !isOpen()) open();
    else if (!isOpen()) return;
    else if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") setOpen(false);
    else if (event.key === "Enter" && chosen >= 0) takeOne(chosenValue()!);
    else return;
    event.preventDefault();
  });
  return { input, list, isOpen, close: () => setOpen(false) };
};
