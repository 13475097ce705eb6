// Elements of the page, made in a line.

type Content = Node | string;

/** An element with attributes and content: element("p", { class: "note" }, "text", other). */
export const element = <Name extends keyof HTMLElementTagNameMap>(
  name: Name, attributes: Record<string, string> = {}, ...content: Content[]
): HTMLElementTagNameMap[Name] => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
};

/** Gives a button the focus back that it lost by being disabled, unless it has gone elsewhere. */
export const refocus = (button: HTMLButtonElement): void => {
  if (document.activeElement === document.body) button.focus();
};

/** The element with this id, which index.html has. */
export const place = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
};

/** The same of SVG. */
export const drawing = <Name extends keyof SVGElementTagNameMap>(
  name: Name, attributes: Record<string, string | number> = {}, ...content: Content[]
): SVGElementTagNameMap[Name] => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...content);
  return made;
};
