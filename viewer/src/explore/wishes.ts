// What the path should be like: features to favour and avoid, and how strongly.

import { append, h, section } from "../dom";
import { number } from "../format";
import type { State } from "./api";

/** A class that is asked for in a section of the time, "8@0.0-0.4", on its chip: "8 until 0.4". */
function inWords(name: string): string {
  const section = /^(.+)@([\d.]+)-([\d.]+)$/.exec(name);
  if (!section) return name;
  const [from, to] = [Number(section[2]), Number(section[3])];
  return `${section[1]} ${from <= 0 ? `until ${to}` : to >= 1 ? `from ${from}` : `from ${from} to ${to}`}`;
}

export interface Wishes {
  favor: string[];
  avoid: string[];
  odds: number;
  sharpness: number;
}

const few = 40; // classes that get a button each

/** A slider whose steps are factors. */
function slider(label: string, id: string, [low, high]: [number, number], value: number, onChange: (value: number) => void): HTMLElement {
  const shown = h("output", {}, number(value, 2));
  const input = h("input", {
    type: "range",
    id,
    min: 0,
    max: 100,
    step: 1,
    value: Math.round((100 * Math.log(value / low)) / Math.log(high / low)),
    input: () => {
      const now = Number((low * (high / low) ** (Number(input.value) / 100)).toPrecision(2));
      shown.textContent = number(now, 2);
      onChange(now);
    },
  });
  return h("label", { class: "weight" }, h("span", {}, label), input, shown);
}

export function wishesPanel(state: State, onChange: (wishes: Wishes) => void): { element: HTMLElement; set(wishes: Wishes): void } {
  const wishes: Wishes = { favor: [...state.favor], avoid: [...state.avoid], odds: state.odds, sharpness: state.sharpness };
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Features" });
  const weights = h("div", { class: "weights" });
  const hint = h("span", { class: "hint" });
  const panel = section("wishes", "What the path should pass through", "", h("div", { class: "wishes-row" }, chips, weights));
  panel.element.querySelector("h2")!.append(hint);
  hint.textContent =
    state.classes.length > 0
      ? "Press a class once to favour it, twice to avoid it, three times to leave it alone."
      : "Without a classifier the path is the shortest one: start with --classifier to ask for features.";

  const all = state.classes.length <= few;
  const stateOf = (name: string) => (wishes.favor.includes(name) ? "favor" : wishes.avoid.includes(name) ? "avoid" : "none");

  function turn(name: string): void {
    const now = stateOf(name);
    wishes.favor = wishes.favor.filter((each) => each !== name);
    wishes.avoid = wishes.avoid.filter((each) => each !== name);
    if (now === "none") wishes.favor.push(name);
    if (now === "favor") wishes.avoid.push(name);
    draw();
    onChange({ ...wishes });
  }

  function draw(): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset.feature;
    chips.replaceChildren();
    for (const name of [...new Set([...(all ? state.classes : []), ...wishes.favor, ...wishes.avoid])]) {
      const now = stateOf(name);
      const spoken = now === "favor" ? "favoured" : now === "avoid" ? "avoided" : "not asked for";
      chips.append(h("button", { class: `chip ${now}`, type: "button", "data-feature": name, "aria-label": `${inWords(name)}, ${spoken}`, click: () => turn(name) }, `${now === "favor" ? "+ " : now === "avoid" ? "− " : ""}${inWords(name)}`));
    }
    if (!all) append(chips, search());
    if (focused !== undefined) for (const chip of chips.children) if ((chip as HTMLElement).dataset.feature === focused) (chip as HTMLElement).focus();
  }

  function search(): HTMLElement {
    const input = h("input", { type: "text", list: "classes", placeholder: "a class …", "aria-label": "Class to favour", change: () => {
      if (state.classes.includes(input.value) && stateOf(input.value) === "none") turn(input.value);
    } });
    return h("span", {}, input, h("datalist", { id: "classes" }, ...state.classes.map((name) => h("option", { value: name }))));
  }

  function drawWeights(): void {
    weights.replaceChildren();
    if (state.classes.length === 0) return;
    append(
      weights,
      slider("Odds: how sure it must be", "odds", [1, 64], wishes.odds, (odds) => {
        wishes.odds = odds;
        onChange({ ...wishes });
      }),
      slider("Sharpness: what doubt costs", "sharpness", [0.25, 8], wishes.sharpness, (sharpness) => {
        wishes.sharpness = sharpness;
        onChange({ ...wishes });
      }),
    );
  }

  draw();
  drawWeights();
  return {
    element: panel.element,
    set(next) {
      Object.assign(wishes, { ...next, favor: [...next.favor], avoid: [...next.avoid] });
      draw();
      drawWeights();
    },
  };
}
