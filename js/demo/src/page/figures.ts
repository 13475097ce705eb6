import { element } from "./element.js";

// Numbers with their names, as a list that is kept up to date.

export interface Figures<Name extends string> {
  readonly list: HTMLElement;
  /** A pair: the second is small print. */
  show(values: Readonly<Record<Name, string | readonly [string, string]>>): void;
}

/** `names`: what to call each in the page. */
export const makeFigures = <Name extends string>(names: Readonly<Record<Name, string>>): Figures<Name> => {
  const places = new Map<Name, { readonly number: Text; readonly unit: HTMLElement }>();
  const list = element("dl", { class: "figures" });
  for (const name of Object.keys(names) as Name[]) {
    const [number, unit] = [new Text("–"), element("span", { class: "unit" })];
    places.set(name, { number, unit });
    list.append(element("div", { class: "figure" }, element("dt", {}, names[name]), element("dd", {}, number, unit)));
  }
  return {
    list,
    show: (values) => {
      for (const [name, { number, unit }] of places) {
        const value: string | readonly [string, string] = values[name];
        const [text, rest] = typeof value === "string" ? [value, ""] : [value[0], ` ${value[1]}`];
        write(number, text);
        write(unit, rest);
      }
    },
  };
};

/** Changes a text only where it is another one: the page need not be laid out again for the same. */
export const write = (where: Node, text: string): void => {
  if (where.textContent !== text) where.textContent = text;
};
