// Elements from names, attributes and children. Text is only ever set as text: nothing a user named can
// become markup.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | undefined | ((event: never) => void)>;

export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value as EventListener);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  append(element, ...children);
  return element;
}

export function append(parent: Node, ...children: Child[]): void {
  for (const child of children) if (child) parent.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
}

export function svg(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** A titled part of the page. The title says what is found, the subtitle what is drawn. */
export function section(
  id: string,
  title: string,
  subtitle: string,
  ...children: Child[]
): { element: HTMLElement; setTitle(text: string): void; setSubtitle(text: string): void } {
  const heading = h("h2", { id: `${id}-title` }, title);
  const explanation = h("p", { class: "subtitle" }, subtitle);
  const element = h("section", { class: `panel ${id}`, id, "aria-labelledby": `${id}-title` }, heading, explanation, ...children);
  return {
    element,
    setTitle: (text) => void (heading.textContent = text),
    setSubtitle: (text) => void (explanation.textContent = text),
  };
}

/** Radio buttons as a row of choices. */
export function choice<T extends string>(
  label: string,
  options: [T, string][],
  selected: T,
  onChange: (value: T) => void,
): HTMLElement {
  const name = `choice-${label.replace(/\W/g, "")}`;
  return h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, label),
    ...options.map(([value, text]) =>
      h(
        "label",
        {},
        h("input", { type: "radio", name, value, checked: value === selected, change: () => onChange(value) }),
        h("span", {}, text),
      ),
    ),
  );
}

/** Calls `draw` with the element's width, now and whenever it changes. */
export function onWidth(element: HTMLElement, draw: (width: number) => void): void {
  let last = 0;
  new ResizeObserver((entries) => {
    const width = Math.round(entries[entries.length - 1]!.contentRect.width);
    if (width > 0 && width !== last) draw((last = width));
  }).observe(element);
}

/** Hands the browser a file to keep. */
export function save(name: string, content: Blob): void {
  const link = h("a", { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
