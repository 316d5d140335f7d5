// The scrubber: the three curves side by side at the same place, and strips of their frames.

import * as Plot from "@observablehq/plot";
import { isNumber, type CurveId, type Interpolation } from "../data";
import { captionOf, curvesOf, type Curve } from "../curve";
import { curveLabel, curveStyles } from "../curve_style";
import { choice, h, onWidth, section } from "../dom";
import { fixed, plural } from "../format";
import { Sheets } from "../sheets";
import type { Spacing, Store } from "../store";
import { downloadButtons } from "./downloads";

const secondsForAll = 4; // to play a path once, at speed 1

export function morphPanel(run: Interpolation, store: Store, sheets: Sheets): HTMLElement {
  const isImage = run.output?.type === "image";
  const caption = captionOf(run);
  const stage = h("div", { class: "stage" });
  const strips = h("div", { class: "strips" });
  const time = h("output", { class: "time" });
  const slider = h("input", {
    type: "range",
    min: 0,
    max: 1000,
    step: 1,
    value: 0,
    id: "scrubber",
    "aria-label": "Place on the path",
    input: () => store.update({ position: Number(slider.value) / 1000, hover: null, playing: false }),
  });
  const play = h("button", { class: "play", type: "button", click: () => toggle() }, "Play");
  const controls = h(
    "div",
    { class: "controls" },
    play,
    slider,
    time,
    h(
      "div",
      { class: "choices" },
      choice<"0.5" | "1" | "2">("Speed", [["0.5", "½"], ["1", "1"], ["2", "2"]], "1", (value) => store.update({ speed: Number(value) })),
      choice<Spacing>("Spacing", [["time", "time"], ["arc", "arc length"]], store.view.spacing, (spacing) => store.update({ spacing })),
    ),
  );
  const panel = section("morph", "", "", stage, controls, strips, downloadButtons(run, store, sheets));

  let curves: Curve[] = [];
  let picture: HTMLImageElement | null = null;
  let cells: { curve: Curve; canvas: HTMLCanvasElement | null; plot: HTMLElement | null; meter: HTMLElement | null; value: HTMLElement | null; last: number }[] = [];

  function toggle(): void {
    const atEnd = store.view.position >= 1;
    store.update({ playing: !store.view.playing, hover: null, ...(atEnd && !store.view.playing ? { position: 0 } : {}) });
  }

  function buildStage(): void {
    cells = [];
    stage.replaceChildren();
    if (curves.length === 0) {
      stage.appendChild(h("p", { class: "empty" }, "The page holds no pictures of this pair: its figures are in the table, its points in path.npy."));
      return;
    }
    for (const curve of curves) {
      let canvas: HTMLCanvasElement | null = null;
      let plot: HTMLElement | null = null;
      if (isImage && run.output?.type === "image") {
        const { width, height, original_width } = run.output;
        const factor = Math.max(1, Math.ceil(448 / Math.max(width, height)));
        canvas = h("canvas", {
          width: width * factor,
          height: height * factor,
          role: "img",
          class: original_width * 2 < 448 ? "pixelated" : "",
          style: `aspect-ratio:${width} / ${height}`,
        });
      } else {
        plot = h("div", { class: "vector" });
        onWidth(plot, () => drawVector(cells.find((cell) => cell.plot === plot)));
      }
      const meter = caption ? h("span", { class: "meter" }, h("i", {})) : null;
      const value = caption ? h("span", { class: "meter-value" }) : null;
      stage.appendChild(h("figure", { class: `cell ${curve.id}` }, canvas ?? plot, h("figcaption", {}, curveLabel(curve.id), meter, value)));
      cells.push({ curve, canvas, plot, meter, value, last: -1 });
    }
  }

  function drawVector(cell: (typeof cells)[number] | undefined): void {
    if (!cell?.plot || cell.plot.clientWidth === 0) return;
    const frame = Math.max(0, cell.last);
    const values = cell.curve.sampled.vectors?.[frame] ?? [];
    const all = curves.flatMap((curve) => (curve.sampled.vectors ?? []).flat()).filter(isNumber);
    if (all.length === 0) {
      cell.plot.replaceChildren(h("p", { class: "empty" }, "Not a number anywhere on the way."));
      return;
    }
    cell.plot.replaceChildren(
      Plot.plot({
        width: cell.plot.clientWidth,
        height: 210,
        marginLeft: 46,
        marginBottom: 36,
        ariaLabel: `Decoded vector on the ${curveStyles[cell.curve.id].name}`,
        style: { background: "none", fontFamily: "inherit", fontSize: "12px" },
        x: { label: "component", type: "band", labelArrow: "none", labelAnchor: "center", ticks: [], tickFormat: () => "" },
        y: { label: "value", labelArrow: "none", domain: [Math.min(0, ...all), Math.max(0, ...all)], nice: true, ticks: 4, grid: true },
        marks: [
          Plot.barY(values.map((value, i) => ({ i, value: value ?? NaN })), { x: "i", y: "value", fill: curveStyles[cell.curve.id].colour }),
          Plot.ruleY([0], { stroke: "var(--faint)" }),
        ],
      }),
    );
  }

  function show(): void {
    const { spacing } = store.view;
    const position = store.shown;
    slider.value = String(Math.round(1000 * position));
    slider.setAttribute("aria-valuetext", `${Math.round(100 * position)} % of the ${spacing === "time" ? "time" : "arc length"}`);
    time.textContent = spacing === "time" ? `t = ${position.toFixed(2)}` : `${Math.round(100 * position)} % of the arc`;
    for (const cell of cells) {
      const frame = cell.curve.frame(position, spacing);
      const at = cell.curve.position(cell.curve.frameTime(frame), spacing);
      if (caption && cell.meter && cell.value) {
        const value = cell.curve.at(caption.values(cell.curve), at, spacing);
        (cell.meter.firstElementChild as HTMLElement).style.width = `${100 * Math.min(1, Math.max(0, value ?? 0))}%`;
        cell.value.textContent = `${caption.label} ${value === null ? "NaN" : fixed(value)}`;
      }
      if (frame === cell.last) continue;
      cell.last = frame;
      if (cell.canvas) {
        const context = cell.canvas.getContext("2d")!;
        context.clearRect(0, 0, cell.canvas.width, cell.canvas.height);
        if (picture) sheets.draw(context, picture, store.view.pair, cell.curve, frame, [0, 0, cell.canvas.width, cell.canvas.height]);
        cell.canvas.setAttribute("aria-label", `Frame at time ${cell.curve.frameTime(frame).toFixed(2)} of the ${curveStyles[cell.curve.id].name}`);
      } else drawVector(cell);
    }
    strips.style.setProperty("--at", String(position));
  }

  function buildStrips(): void {
    strips.replaceChildren();
    for (const curve of curves) {
      const canvas = h("canvas", { class: "strip", role: "img", "aria-label": `Frames along the ${curveStyles[curve.id].name}` });
      const row = h("div", { class: `strip-row ${curve.id}` }, curveLabel(curve.id), h("div", { class: "strip-holder" }, canvas, h("i", { class: "strip-cursor" })));
      strips.appendChild(row);
      const pointer = (event: PointerEvent) => {
        if (event.type === "pointermove" && event.buttons === 0) return;
        // The first and the last frame stand for the ends: the middles of their cells are 0 and 1.
        const box = canvas.getBoundingClientRect();
        const count = Number(canvas.dataset.count ?? 2);
        const place = (((event.clientX - box.left) / box.width) * count - 0.5) / Math.max(1, count - 1);
        store.update({ position: Math.min(1, Math.max(0, place)), hover: null, playing: false });
      };
      canvas.addEventListener("pointerdown", pointer);
      canvas.addEventListener("pointermove", pointer);
      onWidth(canvas.parentElement!, (width) => drawStrip(canvas, curve, width));
    }
  }

  function drawStrip(canvas: HTMLCanvasElement, curve: Curve, width: number): void {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const size = sheets.size;
    const bar = caption ? 6 : 0;
    if (!size) {
      drawBarcode(canvas, curve, width, ratio);
      return;
    }
    const wanted = Math.min(size.width, Math.max(40, (56 * size.width) / size.height));
    const count = Math.max(2, Math.min(curve.sampled.frames.length, Math.floor(width / Math.max(36, Math.min(wanted, 64)))));
    const cell = width / count;
    tellCount(canvas, count);
    const height = ((cell - 2) * size.height) / size.width;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round((height + bar + 2) * ratio);
    canvas.style.height = `${height + bar + 2}px`;
    const context = canvas.getContext("2d")!;
    context.scale(ratio, ratio);
    if (!picture) return;
    const styles = getComputedStyle(document.documentElement);
    for (let i = 0; i < count; ++i) {
      const position = count === 1 ? 0 : i / (count - 1);
      const frame = curve.frame(position, store.view.spacing);
      sheets.draw(context, picture, store.view.pair, curve, frame, [i * cell + 1, 0, cell - 2, height]);
      if (!caption) continue;
      const at = curve.position(curve.frameTime(frame), store.view.spacing);
      const value = curve.at(caption.values(curve), at, store.view.spacing);
      context.fillStyle = styles.getPropertyValue("--track");
      context.fillRect(i * cell + 1, height + 2, cell - 2, bar - 1);
      context.fillStyle = styles.getPropertyValue(`--${curve.id}`);
      context.fillRect(i * cell + 1, height + 2, (cell - 2) * Math.min(1, Math.max(0, value ?? 0)), bar - 1);
    }
  }

  /** The cursor stands over the middle of the cell that shows its place. */
  function tellCount(canvas: HTMLCanvasElement, count: number): void {
    canvas.dataset.count = String(count);
    canvas.parentElement!.style.setProperty("--count", String(count));
  }

  /** Vectors: time from left to right, components from top to bottom, light for large values. */
  function drawBarcode(canvas: HTMLCanvasElement, curve: Curve, width: number, ratio: number): void {
    const vectors = curve.sampled.vectors ?? [];
    const all = curves.flatMap((each) => (each.sampled.vectors ?? []).flat()).filter(isNumber);
    const low = Math.min(...all);
    const high = Math.max(...all);
    const height = 44;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d")!;
    const scale = Plot.scale({ color: { scheme: "cividis", domain: [low, high > low ? high : low + 1] } });
    const columns = Math.min(canvas.width, 160);
    const rows = vectors[0]?.length ?? 1;
    tellCount(canvas, columns);
    for (let i = 0; i < columns; ++i) {
      const frame = vectors[curve.frame(i / (columns - 1), store.view.spacing)] ?? [];
      frame.forEach((value, k) => {
        context.fillStyle = isNumber(value) ? String(scale.apply(value)) : "#888";
        context.fillRect((i * canvas.width) / columns, (k * canvas.height) / rows, Math.ceil(canvas.width / columns), Math.ceil(canvas.height / rows));
      });
    }
  }

  function title(): void {
    const figures = run.summary.pairs[store.view.pair];
    const ours = figures?.path?.mean_class_probability;
    const straight = figures?.linear?.mean_class_probability;
    const what = isImage ? "images" : "vectors";
    panel.setTitle(
      isNumber(ours) && isNumber(straight) && run.feature
        ? `Mean ${run.feature} is ${fixed(ours)} on our path and ${fixed(straight)} on the straight line`
        : `From start to end on three ways, ${what} side by side`,
    );
    const frames = curves[0]?.sampled.frames.length ?? 0;
    panel.setSubtitle(
      frames > 0
        ? `${plural(frames, isImage ? "decoded image" : "decoded vector")} a curve, none blended. Drag the scrubber or a strip, or press Space.${caption ? ` The bar shows ${run.feature ? `${run.feature}, the classifier's opinion` : "the quality"}.` : ""}`
        : "",
    );
  }

  async function load(): Promise<void> {
    const { pair } = store.view;
    curves = curvesOf(run, pair);
    picture = null;
    buildStage();
    title();
    const loaded = isImage ? await sheets.load(pair) : null;
    if (pair !== store.view.pair) return; // another was chosen meanwhile
    picture = loaded;
    buildStrips();
    show();
  }

  let before = 0;
  function tick(now: number): void {
    if (!store.view.playing) return;
    const seconds = before ? (now - before) / 1000 : 0;
    before = now;
    const position = Math.min(1, store.view.position + (seconds * store.view.speed) / secondsForAll);
    store.update({ position, ...(position >= 1 ? { playing: false } : {}) });
    requestAnimationFrame(tick);
  }

  store.on(["position", "hover"], show);
  store.on(["spacing"], () => {
    buildStrips();
    show();
  });
  store.on(["pair"], () => void load());
  store.on(["playing"], () => {
    play.textContent = store.view.playing ? "Pause" : "Play";
    play.setAttribute("aria-pressed", String(store.view.playing));
    before = 0;
    if (store.view.playing) requestAnimationFrame(tick);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", buildStrips);
  void load();
  return panel.element;
}

export type { CurveId };
