// The latent plane (D = 2) or a projection: samples of the prior, the paths, and two ends to be dragged.

import * as Plot from "@observablehq/plot";
import type { Interpolation, Value } from "../data";
import { valuesLabel } from "../curve";
import { key } from "../curve_style";
import { append, choice, h, onWidth, section, svg } from "../dom";
import { fixed } from "../format";
import type { State } from "./api";
import { coordinateBasis, endsBasis, moved, principalBasis, project, type Basis, type View } from "./projection";

const masses = [0.5, 0.9, 0.99]; // of the prior within circles

/** A coordinate to read; no "-0.00". */
const short = (value: number) => fixed(Math.abs(value) < 0.005 ? 0 : value);

export interface PlaneCurve {
  name: string;
  colour: string;
  dash: string;
  width: number;
  latents: number[][];
}

export interface PlanePanel {
  element: HTMLElement;
  ends(start: number[], end: number[]): void;
  curves(curves: PlaneCurve[]): void;
  /** What the answer knows of the plane: its heat map, or the values of samples. */
  background(report: Interpolation): void;
  marks(places: { latent: number[]; colour: string }[]): void;
}

export function planePanel(state: State, onMove: (which: "from" | "to", latent: number[], done: boolean) => void): PlanePanel {
  const dim = state.latent_dim;
  const holder = h("div", { class: "plot square" });
  const legend = h("div", { class: "heat-legend" });
  const reading = h("output", { class: "reading" });
  const options = h("div", { class: "choices plane-choices" });
  const panel = section("plane", dim === 2 ? "The latent plane" : "The latent space, seen from one side", "Drag the two ends. Arrow keys move the one that has the focus.", options, legend, holder, reading);

  let view: View = "ends";
  let coordinates: [number, number] = [0, 1];
  let ends: [number[], number[]] | null = null;
  let shown: PlaneCurve[] = [];
  let coloured = false; // whether colours say something
  let heat: Interpolation["heat_map"];
  let cloud: { latent: number[]; value: Value }[] = state.cloud.map((latent) => ({ latent, value: null }));
  let feature: string | undefined;
  let basis: Basis | null = null;
  let scales: { x: Plot.Scale; y: Plot.Scale } | null = null;
  let width = 0;
  let plotWidth = 0;
  let height = 0;
  let dragging: "from" | "to" | null = null;
  let frame: { view: View; x0: number; x1: number; y0: number; y1: number } | null = null;
  const lines = svg("g", {});
  const dots = svg("g", { class: "cursor" });
  const handles = svg("g", {});

  if (dim > 2) {
    const select = (index: 0 | 1) =>
      h(
        "select",
        { "aria-label": `Coordinate ${index === 0 ? "to the right" : "upwards"}`, change: (event: Event) => {
          coordinates[index] = Number((event.target as HTMLSelectElement).value);
          draw();
        } },
        ...Array.from({ length: Math.min(dim, 512) }, (_, i) => h("option", { value: i, selected: i === coordinates[index] }, String(i + 1))),
      );
    const selects = h("span", { class: "coordinates", hidden: true }, select(0), select(1));
    append(
      options,
      choice<View>("Seen along", [["ends", "the ends"], ["principal", "components"], ["coordinates", "coordinates"]], view, (chosen) => {
        view = chosen;
        selects.hidden = view !== "coordinates";
        draw();
      }),
      selects,
    );
  }

  function chooseBasis(): Basis {
    if (dim === 2) return coordinateBasis(2, 0, 1);
    if (view === "principal" && state.mean && state.axes) return principalBasis(state.mean, state.axes);
    if (view === "coordinates") return coordinateBasis(dim, coordinates[0], coordinates[1] === coordinates[0] ? (coordinates[0] + 1) % dim : coordinates[1]);
    return endsBasis(ends![0], ends![1]);
  }

  function draw(): void {
    if (width === 0 || !ends || dragging) return;
    const focused = handles.contains(document.activeElement) ? document.activeElement!.id : "";
    basis = chooseBasis();
    const points = cloud.map(({ latent, value }) => ({ ...project(basis!, latent), value: value ?? NaN }));
    const everything = [...points, ...ends.map((end) => project(basis!, end)), ...shown.flatMap((curve) => curve.latents.map((z) => project(basis!, z)))];
    height = Math.min(width, 430);
    const margin = { left: 46, right: 14, top: 12, bottom: 40 };
    const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
    let [x0, x1, y0, y1] = [Math.min(...everything.map((p) => p.x)), Math.max(...everything.map((p) => p.x)), Math.min(...everything.map((p) => p.y)), Math.max(...everything.map((p) => p.y))];
    // What is seen stays where it is, as long as all of it is in sight and not much smaller.
    const kept = frame?.view === view && x0 >= frame.x0 && x1 <= frame.x1 && y0 >= frame.y0 && y1 <= frame.y1 && 2 * (x1 - x0) > frame.x1 - frame.x0;
    if (kept) [x0, x1, y0, y1] = [frame!.x0, frame!.x1, frame!.y0, frame!.y1];
    else frame = { view, x0, x1, y0, y1 };
    plotWidth = width;
    if (heat && dim === 2) {
      [x0, x1, y0, y1] = [Math.min(x0, heat.low), Math.max(x1, heat.high), Math.min(y0, heat.low), Math.max(y1, heat.high)];
      plotWidth = Math.min(width, inner.height + margin.left + margin.right);
    }
    // Both axes at the same scale, and some room to drag to.
    const unit = (heat && dim === 2 ? 1 : 1.15) * Math.max((x1 - x0) / (plotWidth - margin.left - margin.right), (y1 - y0) / inner.height, 1e-9);
    const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
    const half = { x: (unit * (plotWidth - margin.left - margin.right)) / 2, y: (unit * inner.height) / 2 };
    const circle = (radius: number) => Array.from({ length: 97 }, (_, i) => ({ x: radius * Math.cos((i * Math.PI) / 48), y: radius * Math.sin((i * Math.PI) / 48) }));
    const heated = heat && dim === 2;
    const valued = points.some((point) => Number.isFinite(point.value));
    const plot = Plot.plot({
      width: plotWidth,
      height,
      marginLeft: margin.left,
      marginRight: margin.right,
      marginTop: margin.top,
      marginBottom: margin.bottom,
      ariaLabel: "Where the paths lie",
      style: { background: "none", fontFamily: "inherit", fontSize: "12px" },
      x: { domain: [cx - half.x, cx + half.x], label: basis.xLabel, labelAnchor: "center", labelArrow: "none", ticks: 6 },
      y: { domain: [cy - half.y, cy + half.y], label: basis.yLabel, labelAnchor: "center", labelArrow: "none", ticks: 6 },
      color: { scheme: "cividis", domain: [0, 1], unknown: "#999" },
      marks: [
        heated
          ? Plot.raster(heat!.values as number[], { width: heat!.side, height: heat!.side, x1: heat!.low, x2: heat!.high, y1: heat!.low, y2: heat!.high, fill: (value: number | null) => value ?? NaN, interpolate: "nearest", clip: "frame" })
          : Plot.dot(points, { x: "x", y: "y", fill: valued ? "value" : "var(--faint)", r: 2.6, fillOpacity: 0.75, stroke: "var(--faint)", strokeWidth: 0.4 }),
        ...(state.normal_prior ? masses.map((mass) => Plot.line(circle(Math.sqrt(-2 * Math.log(1 - mass))), { x: "x", y: "y", stroke: heated ? "#fff" : "var(--faint)", strokeWidth: 1, strokeOpacity: heated ? 0.7 : 1, strokeDasharray: "3 3", clip: true })) : []),
      ],
    });
    scales = { x: plot.scale("x")!, y: plot.scale("y")! };
    append(plot, lines, dots, handles);
    holder.replaceChildren(plot);
    drawLegend(valued || Boolean(heated));
    drawLines();
    drawHandles();
    if (focused) focus(focused);
  }

  function focus(handle: string): void {
    (handles.querySelector(`#${handle}`) as SVGElement | null)?.focus({ preventScroll: true });
  }

  function drawLegend(now: boolean): void {
    coloured = now;
    legend.replaceChildren(
      ...shown.map((curve) => h("span", { class: "curve-label" }, key(curve), curve.name)),
      coloured ? h("span", { class: "ramp" }, h("small", {}, "0"), h("i", { class: "cividis" }), h("small", {}, `1 ${feature ?? "quality"}`)) : "",
    );
  }

  const screen = (latent: number[]) => {
    const { x, y } = project(basis!, latent);
    return { x: scales!.x.apply(x) as number, y: scales!.y.apply(y) as number };
  };

  function drawLines(): void {
    lines.replaceChildren();
    if (!scales || !basis) return;
    // All halos first: a path that lies beside another must not wipe it out.
    for (const halo of [true, false])
      for (const curve of shown) {
        const points = curve.latents.map(screen).map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
        const line = svg("polyline", { points, fill: "none", "stroke-width": halo ? 5 : curve.width, "stroke-dasharray": halo ? "none" : curve.dash, "stroke-linejoin": "round", "stroke-opacity": halo ? 0.75 : 1 });
        line.style.stroke = halo ? "var(--halo)" : curve.colour;
        lines.appendChild(line);
      }
  }

  function drawHandles(): void {
    if (!scales || !basis || !ends) return;
    const focused = handles.contains(document.activeElement) ? (document.activeElement as Element).id : "";
    handles.replaceChildren();
    (["from", "to"] as const).forEach((which, index) => {
      const at = screen(ends![index]!);
      const name = which === "from" ? "start" : "end";
      const place = project(basis!, ends![index]!);
      const handle = svg("g", { class: "handle", id: `handle-${which}`, tabindex: 0, role: "button", "aria-label": `The ${name}, at ${short(place.x)}, ${short(place.y)}: drag it, or move it with the arrow keys`, transform: `translate(${at.x.toFixed(1)},${at.y.toFixed(1)})` });
      append(handle, svg("circle", { r: 18, class: "reach" }), svg("circle", { r: 8, class: "knob" }));
      const label = svg("text", { y: index === 0 ? -14 : 24, "text-anchor": "middle" });
      label.textContent = name;
      handle.appendChild(label);
      handle.addEventListener("pointerdown", (event) => begin(event as PointerEvent, which));
      handle.addEventListener("keydown", (event) => step(event as KeyboardEvent, which));
      handles.appendChild(handle);
    });
    if (focused) focus(focused);
    const [a, b] = ends.map((end) => project(basis!, end));
    reading.textContent = `start ${short(a!.x)}, ${short(a!.y)} · end ${short(b!.x)}, ${short(b!.y)}`;
  }

  function put(which: "from" | "to", place: { x: number; y: number }, done: boolean): void {
    const index = which === "from" ? 0 : 1;
    const [xs, ys] = [scales!.x.domain as [number, number], scales!.y.domain as [number, number]];
    const inside = { x: Math.min(xs[1], Math.max(xs[0], place.x)), y: Math.min(ys[1], Math.max(ys[0], place.y)) };
    ends![index] = moved(basis!, ends![index]!, inside);
    drawHandles();
    onMove(which, ends![index]!, done);
  }

  function begin(event: PointerEvent, which: "from" | "to"): void {
    event.preventDefault();
    dragging = which;
    const plot = holder.querySelector("svg")!;
    const place = (moveEvent: PointerEvent) => {
      const box = plot.getBoundingClientRect();
      const [x, y] = [((moveEvent.clientX - box.left) / box.width) * plotWidth, ((moveEvent.clientY - box.top) / box.height) * height];
      return { x: scales!.x.invert!(x) as number, y: scales!.y.invert!(y) as number };
    };
    const move = (moveEvent: PointerEvent) => put(which, place(moveEvent), false);
    const stop = (last: PointerEvent) => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", stop);
      window.removeEventListener("pointercancel", stop);
      dragging = null;
      if (last.type === "pointerup") put(which, place(last), true);
      focus(`handle-${which}`);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop);
    window.addEventListener("pointercancel", stop);
  }

  function step(event: KeyboardEvent, which: "from" | "to"): void {
    const by: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const [dx, dy] = by[event.key] ?? [0, 0];
    if ((dx === 0 && dy === 0) || !basis || !scales) return;
    event.preventDefault();
    event.stopPropagation();
    const [low, high] = scales.x.domain as [number, number];
    const unit = ((high - low) / 100) * (event.shiftKey ? 5 : 1);
    const at = project(basis, ends![which === "from" ? 0 : 1]!);
    put(which, { x: at.x + dx * unit, y: at.y + dy * unit }, true);
  }

  onWidth(holder, (now) => {
    width = now;
    draw();
  });

  return {
    element: panel.element,
    ends(start, end) {
      if (dragging) return;
      ends = [start, end];
      draw();
    },
    curves(curves) {
      shown = curves;
      drawLines();
      drawLegend(coloured);
    },
    background(report) {
      feature = valuesLabel(report);
      heat = report.feature ? report.heat_map : undefined; // a plane of one colour says nothing
      if (report.samples) {
        const { latents, values, count } = report.samples;
        cloud = Array.from({ length: count }, (_, i) => ({ latent: latents.slice(i * dim, (i + 1) * dim), value: report.feature ? values[i] ?? null : null }));
      }
      draw();
    },
    marks(places) {
      dots.replaceChildren();
      if (!scales || !basis) return;
      for (const { latent, colour } of places) {
        const at = screen(latent);
        const dot = svg("circle", { cx: at.x, cy: at.y, r: 5 });
        dot.style.fill = colour;
        dots.appendChild(dot);
      }
    },
  };
}
