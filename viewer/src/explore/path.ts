// The straight line, the path as it is so far, and a kept one, at the same place: to be scrubbed along.

import { isNumber } from "../data";
import { curveStyles, key } from "../curve_style";
import { h, onWidth, section } from "../dom";
import { fixed } from "../format";
import { showFrame, showStrip, type Film } from "./film";

export interface Row {
  id: string; // linear, path, kept
  name: string;
  film: Film | null;
}

const looks: Record<string, { colour: string; dash: string; width: number; variable: string }> = {
  linear: { ...curveStyles.linear, variable: "--linear" },
  path: { ...curveStyles.path, variable: "--path" },
  kept: { colour: "var(--other)", dash: "none", width: 2.25, variable: "--other" },
};
export const lookOf = (id: string) => looks[id] ?? looks.path!;

export interface PathPanel {
  element: HTMLElement;
  rows(rows: Row[], feature: string | null): void;
  /** Whether what is shown can be kept: a path whose figures are there. */
  keepable(yes: boolean): void;
  place(position: number): void;
  status(sentence: string, busy: boolean): void;
}

export function pathPanel(onPlace: (position: number) => void, onKeep: () => void): PathPanel {
  const stage = h("div", { class: "stage" });
  const strips = h("div", { class: "strips" });
  const time = h("output", { class: "time" });
  const line = h("p", { class: "status", role: "status", "aria-live": "polite" });
  const play = h("button", { class: "play", type: "button", click: () => toggle() }, "Play");
  const keep = h("button", { class: "plain", type: "button", id: "keep", disabled: true, click: onKeep }, "Keep this path");
  const slider = h("input", { type: "range", min: 0, max: 1000, step: 1, value: 500, id: "scrubber", "aria-label": "Place on the path", input: () => {
    playing = false;
    go(Number(slider.value) / 1000);
  } });
  const panel = section("path", "The path", "", line, stage, h("div", { class: "controls" }, play, slider, time, keep), strips);

  let rows: Row[] = [];
  let feature: string | null = null;
  let position = 0.5;
  let playing = false;
  let before = 0;
  let built = "";
  const cells = new Map<string, { canvas: HTMLCanvasElement; meter: HTMLElement; value: HTMLElement; strip: HTMLCanvasElement; label: HTMLElement }>();

  function go(to: number): void {
    position = Math.min(1, Math.max(0, to));
    show();
    onPlace(position);
  }

  function toggle(): void {
    playing = !playing;
    play.textContent = playing ? "Pause" : "Play";
    if (playing && position >= 1) position = 0;
    before = 0;
    if (playing) requestAnimationFrame(tick);
  }

  function tick(now: number): void {
    if (!playing) return void (play.textContent = "Play");
    const seconds = before ? (now - before) / 1000 : 0;
    before = now;
    go(position + seconds / 3);
    if (position >= 1) playing = false;
    requestAnimationFrame(tick);
  }

  function build(): void {
    cells.clear();
    stage.replaceChildren();
    strips.replaceChildren();
    stage.classList.toggle("two", rows.length === 2);
    for (const row of rows) {
      const canvas = h("canvas", { role: "img", class: "pixelated", width: 64, height: 64 });
      const meter = h("i", {});
      const value = h("span", { class: "meter-value" });
      const label = h("span", { class: `curve-label ${row.id}` }, key(lookOf(row.id)), h("span", {}, row.name));
      meter.style.background = lookOf(row.id).colour;
      stage.append(h("figure", { class: `cell ${row.id}` }, canvas, h("figcaption", {}, label, h("span", { class: "meter" }, meter), value)));
      const strip = h("canvas", { class: "strip", role: "img", "aria-label": `Frames along ${row.name}` });
      const holder = h("div", { class: "strip-holder" }, strip, h("i", { class: "strip-cursor" }));
      strips.append(h("div", { class: `strip-row ${row.id}` }, h("span", { class: `curve-label ${row.id}` }, row.name), holder));
      const pointer = (event: PointerEvent) => {
        if (event.type === "pointermove" && event.buttons === 0) return;
        const box = strip.getBoundingClientRect();
        const count = Number(strip.dataset.count ?? 2);
        playing = false;
        go((((event.clientX - box.left) / box.width) * count - 0.5) / Math.max(1, count - 1));
      };
      strip.addEventListener("pointerdown", pointer);
      strip.addEventListener("pointermove", pointer);
      onWidth(holder, () => drawStrips());
      cells.set(row.id, { canvas, meter, value, strip, label });
    }
  }

  function drawStrips(): void {
    for (const row of rows) {
      const cell = cells.get(row.id);
      if (!cell) continue;
      const count = showStrip(cell.strip, row.film, cell.strip.parentElement!.clientWidth, lookOf(row.id).variable);
      cell.strip.dataset.count = String(count);
      cell.strip.parentElement!.style.setProperty("--count", String(count));
    }
  }

  function show(): void {
    slider.value = String(Math.round(1000 * position));
    time.textContent = `t = ${position.toFixed(2)}`;
    strips.style.setProperty("--at", String(position));
    for (const row of rows) {
      const cell = cells.get(row.id);
      if (!cell) continue;
      showFrame(cell.canvas, row.film, row.film ? row.film.at(position) : 0);
      cell.canvas.setAttribute("aria-label", `Frame of ${row.name} at time ${position.toFixed(2)}`);
      const value = row.film?.value(position);
      cell.meter.parentElement!.hidden = value === undefined;
      cell.meter.style.width = `${100 * Math.min(1, Math.max(0, isNumber(value) ? value : 0))}%`;
      cell.value.textContent = feature && value !== undefined ? `${feature} ${value === null ? "NaN" : fixed(value)}` : "";
    }
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawStrips);
  return {
    element: panel.element,
    rows(next, name) {
      rows = next;
      feature = name;
      const shape = rows.map((row) => `${row.id}:${row.name}`).join("|");
      if (shape !== built) build();
      built = shape;
      drawStrips();
      show();
    },
    keepable(yes) {
      keep.disabled = !yes;
      keep.title = yes ? "" : "A path can be kept when it is found and looked at";
    },
    place(to) {
      position = to;
      show();
    },
    status(sentence, busy) {
      line.textContent = sentence;
      line.classList.toggle("busy", busy);
    },
  };
}
