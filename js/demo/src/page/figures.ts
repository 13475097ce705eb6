import { element } from "./element.js";

// Numbers with their names, as a list that is kept up to date.

export interface Figures<Name extends string> {
  readonly list: HTMLElement;
  show(values: Readonly<Record<Name, string>>): void;
}

/** `names`: what to call each in the page. */
export const makeFigures = <Name extends string>(names: Readonly<Record<Name, string>>): Figures<Name> => {
  const places = new Map<Name, HTMLElement>();
  const list = element("dl", { class: "figures" });
  for (const name of Object.keys(names) as Name[]) {
    const value = element("dd", {}, "–");
    places.set(name, value);
    list.append(element("div", { class: "figure" }, element("dt", {}, names[name]), value));
  }
  const show = (values: Readonly<Record<Name, string>>): void => {
    for (const [name, value] of places) write(value, values[name]);
  };
  return { list, show };
};

/** Changes a text only where it is another one: the page need not be laid out again for the same. */
export const write = (where: Element, text: string): void => {
  if (where.textContent !== text) where.textContent = text;
};
