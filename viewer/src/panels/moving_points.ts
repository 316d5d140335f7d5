// Measures on their way: a sample of points for each time, moved by a slider, one plot a method.

import * as Plot from "@observablehq/plot";
import { isNumber, type Figures, type Measures, type Point } from "../data";
import { bracket } from "../curve";
import { h, onWidth, section } from "../dom";
import { number } from "../format";
import { figuresTable } from "./figures";

const secondsForAll = 4;

/** The points at a time between two that are known: those that keep their number move straight. */
function pointsAt(method: Measures["methods"][number], time: number): { points: Point[]; weights?: number[] } {
  const i = Math.min(bracket(method.times, time), method.times.length - 1);
  const a = method.points[i] ?? [];
  const b = method.points[i + 1] ?? a;
  const width = (method.times[i + 1] ?? 1) - (method.times[i] ?? 0);
  const share = width > 0 ? Math.min(1, Math.max(0, (time - method.times[i]!) / width)) : 0;
  const points = a.length === b.length ? a.map((point, k) => point.map((value, d) => value + share * ((b[k]![d] ?? value) - value))) : share < 0.5 ? a : b;
  const [wa, wb] = [method.weights?.[i], method.weights?.[i + 1] ?? method.weights?.[i]];
  return { points, weights: wa && wb && wa.length === wb.length ? wa.map((value, k) => value + share * (wb[k]! - value)) : wa };
}

export function movingPointsPanel(run: Measures): HTMLElement | null {
  const methods = (run.methods ?? []).filter((method) => method.points.length > 0);
  if (methods.length === 0) return null;
  let time = 0;
  let playing = false;
  let before = 0;
  const output = h("output", { class: "time" });
  const slider = h("input", {
    type: "range",
    id: "measure-time",
    min: 0,
    max: 1000,
    value: 0,
    "aria-label": "Time",
    input: () => {
      playing = false;
      play.textContent = "Play";
      set(Number(slider.value) / 1000);
    },
  });
  const play = h("button", { type: "button", class: "play", click: () => toggle() }, "Play");

  // One frame for all methods and times: nothing jumps, and methods compare.
  const all = methods.flatMap((method) => method.points.flat()).filter((point) => isNumber(point[0]));
  const flat = all.every((point) => point.length < 2);
  const low = [0, 1].map((k) => Math.min(...all.map((point) => point[k] ?? 0)));
  const high = [0, 1].map((k) => Math.max(...all.map((point) => point[k] ?? 0)));
  const reach = 0.54 * Math.max(high[0]! - low[0]!, flat ? 0 : high[1]! - low[1]!, 1e-9);
  const centre = [0, 1].map((k) => (low[k]! + high[k]!) / 2);

  const views = methods.map((method) => {
    const holder = h("div", { class: "plot square" });
    let width = 0;
    const draw = () => {
      if (width === 0) return;
      const { points, weights } = pointsAt(method, time);
      const most = weights ? Math.max(...weights, 1e-12) : 1;
      const size = Math.min(width, 400);
      const data = points.map((point, i) => ({ x: point[0], y: point[1] ?? 0, weight: weights ? weights[i]! / most : 1 }));
      const trails = method.points.length > 2 && !weights ? (method.points[0] ?? []).map((_, k) => method.points.map((at) => at[k]).filter((point): point is Point => point !== undefined)) : [];
      holder.replaceChildren(
        Plot.plot({
          width: size,
          height: size,
          marginLeft: 44,
          marginBottom: 40,
          marginTop: 10,
          marginRight: 10,
          ariaLabel: `${method.name}: points at time ${time.toFixed(2)}`,
          style: { background: "none", fontFamily: "inherit", fontSize: "12px" },
          x: { domain: [centre[0]! - reach, centre[0]! + reach], label: run.axes?.[0] ?? "x", labelAnchor: "center", labelArrow: "none", ticks: 5, grid: true },
          y: { domain: [centre[1]! - reach, centre[1]! + reach], label: run.axes?.[1] ?? "y", labelAnchor: "center", labelArrow: "none", ticks: 5, grid: true },
          marks: [
            ...(trails.length <= 150 ? trails.map((trail) => Plot.line(trail, { x: (p: Point) => p[0], y: (p: Point) => p[1] ?? 0, stroke: "var(--faint)", strokeWidth: 0.6, strokeOpacity: 0.6, clip: true })) : []),
            Plot.dot(method.points[0]!, { x: (p: Point) => p[0], y: (p: Point) => p[1] ?? 0, r: 2, fill: "var(--first)", fillOpacity: 0.5 }),
            Plot.dot(method.points[method.points.length - 1]!, { x: (p: Point) => p[0], y: (p: Point) => p[1] ?? 0, r: 2, fill: "var(--last)", fillOpacity: 0.6 }),
            Plot.dot(data, { x: "x", y: "y", r: 3.6, fill: "var(--path)", fillOpacity: (d: { weight: number }) => 0.15 + 0.75 * d.weight, stroke: "var(--halo)", strokeWidth: 0.6 }),
          ],
        }),
      );
    };
    onWidth(holder, (now) => {
      width = now;
      draw();
    });
    return { draw, element: h("figure", { class: "measure" }, h("figcaption", {}, method.name), holder) };
  });

  function set(value: number): void {
    time = value;
    slider.value = String(Math.round(1000 * time));
    slider.setAttribute("aria-valuetext", `time ${time.toFixed(2)}`);
    output.textContent = `t = ${time.toFixed(2)}`;
    for (const view of views) view.draw();
  }
  function toggle(): void {
    playing = !playing;
    play.textContent = playing ? "Pause" : "Play";
    before = 0;
    if (playing && time >= 1) time = 0;
    if (playing) requestAnimationFrame(tick);
  }
  function tick(now: number): void {
    if (!playing) return;
    set(Math.min(1, time + (before ? (now - before) / 1000 / secondsForAll : 0)));
    before = now;
    if (time >= 1) toggle();
    else requestAnimationFrame(tick);
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || (event.target as HTMLElement).closest("button, input, summary")) return;
    event.preventDefault();
    toggle();
  });
  set(0);
  const rows = methods.filter((method) => method.figures).map((method) => ({ name: method.name, ...(method.figures as Figures) }));
  const ratios = methods.map((method) => ({ name: method.name, ratio: method.figures?.ratio_to_bound })).filter((each): each is { name: string; ratio: number } => isNumber(each.ratio));
  const best = ratios.sort((a, b) => a.ratio - b.ratio)[0];
  return section(
    "measures",
    best
      ? best.ratio < 1.0005
        ? `The lower bound is reached: by “${best.name}”`
        : `“${best.name}” comes nearest to the lower bound: ${number(best.ratio)} times it`
      : "From one measure to the other",
    "Orange: where the points start. Purple: where they end. Blue: where they are at this time.",
    h("div", { class: "controls" }, play, slider, output),
    h("div", { class: "measure-grid" }, ...views.map((view) => view.element)),
    rows.length > 0 ? figuresTable(rows as (Figures & { name: string })[]) : null,
  ).element;
}
