// A geodesic where it lives: on a surface that can be turned, or in a plane over its quality, with the stages
// of its optimisation.

import * as Plot from "@observablehq/plot";
import { isNumber, type Geodesic, type Point, type SceneCurve, type Value } from "../data";
import { curveStyles } from "../curve_style";
import { h, onWidth, section } from "../dom";
import { number } from "../format";
import { bounds, Projection, type Orbit } from "../projection";

const roles: Record<string, { colour: string; dash: string; width: number }> = {
  path: curveStyles.path,
  linear: curveStyles.linear,
  spherical: curveStyles.spherical,
  exact: { colour: "var(--exact)", dash: "1 3", width: 2.5 },
  other: { colour: "var(--other)", dash: "6 3 2 3", width: 2 },
};

function style(curve: SceneCurve): { colour: string; dash: string; width: number } {
  return roles[curve.role ?? "other"] ?? roles.other!;
}

/** The value of a CSS variable, for canvases. */
function resolved(colour: string): string {
  const name = /^var\((.+)\)$/.exec(colour)?.[1];
  return name ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : colour;
}

export function scenePanel(run: Geodesic): HTMLElement | null {
  const curves = run.curves ?? [];
  if (curves.length === 0) return null;
  const stages = run.stages ?? [];
  const inSpace = run.surface !== undefined || curves.some((curve) => curve.points.some((point) => point.length > 2));
  let stage = stages.length; // after the last stage: the result
  let redraw = (): void => undefined;
  const reading = h("output", { class: "reading" });
  const say = () => {
    const current = stages[stage];
    reading.textContent = current
      ? `Stage ${stage + 1} of ${stages.length}: ${current.name}${isNumber(current.cost) ? `, cost ${number(current.cost)}` : ""}`
      : stages.length > 0
        ? "The result, with all stages behind it"
        : "";
  };
  const slider =
    stages.length > 0
      ? h("input", {
          type: "range",
          id: "stage",
          min: 0,
          max: stages.length,
          step: 1,
          value: stage,
          "aria-label": "Stage of the optimisation",
          input: (event: Event) => {
            stage = Number((event.target as HTMLInputElement).value);
            say();
            redraw();
          },
        })
      : null;
  say();
  const view = inSpace ? spaceView(run, () => stage) : planeView(run, () => stage);
  redraw = view.draw;
  const first = stages.find((each) => isNumber(each.cost))?.cost;
  const last = [...stages].reverse().find((each) => isNumber(each.cost))?.cost;
  const legend = h(
    "div",
    { class: "heat-legend" },
    ...curves.map((curve) => h("span", { class: "curve-label" }, swatch(curve), curve.name)),
    stages.length > 0 ? h("span", { class: "curve-label" }, h("i", { class: "swatch", style: "border-top:2px solid var(--stage)" }), "stages of the search") : null,
    (run.surface?.values ?? run.plane?.values) ? h("span", { class: "ramp" }, h("small", {}, number(view.range[0], 2)), h("i", { class: "cividis" }), h("small", {}, `${number(view.range[1], 2)} ${run.surface?.value_label ?? run.plane?.value_label ?? ""}`)) : null,
  );
  return section(
    "scene",
    isNumber(first) && isNumber(last) && stages.length > 1
      ? `In ${stages.length} stages the cost falls from ${number(first)} to ${number(last)}`
      : inSpace
        ? "The path on its surface"
        : "The path in its plane",
    inSpace ? "Drag to turn, scroll or + and − to zoom, arrow keys to turn by keyboard, double-click to return." : "Both axes have the same scale.",
    legend,
    view.element,
    slider ? h("div", { class: "controls" }, h("span", { class: "downloads-label" }, "Stages"), slider) : null,
    reading,
  ).element;
}

function swatch(curve: SceneCurve): HTMLElement {
  const look = style(curve);
  return h("i", { class: "swatch", style: `border-top:${look.width}px ${look.dash === "none" ? "solid" : look.dash.startsWith("1") || look.dash.startsWith("2") ? "dotted" : "dashed"} ${look.colour}` });
}

function valueRange(values: Value[] | undefined): [number, number] {
  const finite = (values ?? []).filter(isNumber);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return finite.length > 0 ? [low, high > low ? high : low + 1] : [0, 1];
}

interface View {
  element: HTMLElement;
  draw(): void;
  range: [number, number];
}

/** A surface as shaded facets, far ones first; paths drawn over it, fainter where facets hide them. */
function spaceView(run: Geodesic, stage: () => number): View {
  const canvas = h("canvas", { class: "space", id: "space", tabindex: 0, role: "img", "aria-label": "Surface with paths; arrow keys turn it" });
  const holder = h("div", { class: "plot space-holder" }, canvas);
  let width = 0;
  const range = valueRange(run.surface?.values);
  const colour = Plot.scale({ color: { scheme: "cividis", domain: range } });
  const everything = [...(run.surface?.points ?? []), ...run.curves.flatMap((curve) => curve.points)];
  const box = bounds(everything);
  const middle = box.low.map((low, k) => (low + box.high[k]!) / 2);
  const radius = Math.max(1e-9, ...everything.map((point) => Math.hypot(...middle.map((m, k) => (point[k] ?? 0) - m))).filter(Number.isFinite));
  // At first the path is in front.
  const path = (run.curves.find((curve) => curve.role === "path") ?? run.curves[0]!).points;
  const facing = path[Math.floor(path.length / 2)] ?? middle;
  const home: Orbit = { turn: Math.atan2((facing[0] ?? 0) - middle[0]!, middle[1]! - (facing[1] ?? 0)) + 0.35, tilt: 0.42, zoom: 1 };
  let orbit = { ...home };

  function draw(): void {
    if (width === 0) return;
    const height = Math.min(width, 480);
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d")!;
    context.scale(ratio, ratio);
    const project = new Projection(orbit, middle, (orbit.zoom * 0.46 * Math.min(width, height)) / radius, [width / 2, height / 2]);
    // What is drawn, with its depth: painted from the back to the front.
    const things: { depth: number; paint(): void }[] = [];
    const surface = run.surface;
    if (surface) {
      const corners = surface.points.map((point) => project.apply(point));
      const ink = resolved("var(--surface-line)");
      const plain = resolved("var(--surface)");
      for (let r = 0; r + 1 < surface.rows; ++r)
        for (let c = 0; c + 1 < surface.columns; ++c) {
          const index = [r * surface.columns + c, r * surface.columns + c + 1, (r + 1) * surface.columns + c + 1, (r + 1) * surface.columns + c];
          const quad = index.map((i) => corners[i]!);
          if (quad.some((p) => !p || !Number.isFinite(p.x) || !Number.isFinite(p.y))) continue;
          const [a, b, , d] = index.map((i) => surface.points[i]!) as [Point, Point, Point, Point];
          const light = shade(a, b, d, orbit);
          const values = surface.values ? index.map((i) => surface.values![i]).filter(isNumber) : [];
          const base = values.length > 0 ? String(colour.apply(values.reduce((sum, value) => sum + value, 0) / values.length)) : plain;
          things.push({
            depth: quad.reduce((sum, p) => sum + p.depth, 0) / 4,
            paint() {
              context.beginPath();
              quad.forEach((p, i) => (i === 0 ? context.moveTo(p.x, p.y) : context.lineTo(p.x, p.y)));
              context.closePath();
              context.globalAlpha = 0.92;
              context.fillStyle = base;
              context.fill();
              context.globalAlpha = 1;
              context.fillStyle = light > 0 ? `rgba(255,255,255,${0.28 * light})` : `rgba(0,0,0,${-0.4 * light})`;
              context.fill();
              context.strokeStyle = ink;
              context.lineWidth = 0.5;
              context.stroke();
            },
          });
        }
    }
    drawAxes(context, orbit, [46, height - 44], run.axes);
    const lift = surface ? 0.04 * radius : 0; // a line in a facet is half hidden by it: draw it slightly before it
    const addLine = (points: Point[], look: { colour: string; dash: string; width: number }, alpha: number) => {
      const projected = points.map((point) => project.apply(point)).filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y));
      const ink = resolved(look.colour);
      // Behind everything once, faint, so that the far side shows through.
      const whole = () => {
        context.beginPath();
        projected.forEach((p, i) => (i === 0 ? context.moveTo(p.x, p.y) : context.lineTo(p.x, p.y)));
        context.strokeStyle = ink;
        context.lineWidth = look.width;
        context.setLineDash(look.dash === "none" ? [] : look.dash.split(" ").map(Number));
        context.globalAlpha = alpha;
        context.stroke();
        context.globalAlpha = 1;
        context.setLineDash([]);
      };
      if (!surface) {
        things.push({ depth: Infinity, paint: whole });
        return;
      }
      let along = 0;
      for (let i = 1; i < projected.length; ++i) {
        const [p, q] = [projected[i - 1]!, projected[i]!];
        const offset = along;
        along += Math.hypot(q.x - p.x, q.y - p.y);
        const stroke = (style: string, lineWidth: number, opacity: number) => {
          context.beginPath();
          context.moveTo(p.x, p.y);
          context.lineTo(q.x, q.y);
          context.lineCap = look.dash === "none" ? "round" : "butt";
          context.setLineDash(look.dash === "none" ? [] : look.dash.split(" ").map(Number));
          context.lineDashOffset = offset;
          context.strokeStyle = style;
          context.lineWidth = lineWidth;
          context.globalAlpha = opacity;
          context.stroke();
          context.globalAlpha = 1;
          context.setLineDash([]);
        };
        const depth = (p.depth + q.depth) / 2;
        // A halo goes before the ink of the pieces beside it, which its round ends would wipe out.
        if (alpha === 1) things.push({ depth: depth + 0.25 * lift, paint: () => stroke(resolved("var(--halo)"), look.width + 2.5, 1) });
        things.push({ depth: depth + lift, paint: () => stroke(ink, look.width, alpha) });
      }
      things.push({ depth: Infinity, paint: () => ((alpha *= 0.35), whole()) });
    };
    const stages = run.stages ?? [];
    stages.forEach((each, i) => {
      if (i <= stage()) addLine(each.points, { colour: "var(--stage)", dash: "none", width: i === stage() ? 3 : 1.2 }, i === stage() ? 1 : 0.55);
    });
    if (stage() >= stages.length) for (const curve of run.curves) addLine(curve.points, style(curve), 1);
    else for (const curve of run.curves) if (curve.role !== "path") addLine(curve.points, style(curve), 0.6);
    const ends = run.curves[0]!.points;
    for (const [point, label] of [[ends[0], "start"], [ends[ends.length - 1], "end"]] as [Point | undefined, string][]) {
      if (!point) continue;
      const p = project.apply(point);
      things.push({
        depth: Infinity,
        paint() {
          context.beginPath();
          context.arc(p.x, p.y, 5, 0, 2 * Math.PI);
          context.fillStyle = resolved("var(--text)");
          context.strokeStyle = resolved("var(--halo)");
          context.lineWidth = 2;
          context.fill();
          context.stroke();
          context.font = "600 13px system-ui, sans-serif";
          context.textAlign = "center";
          context.lineWidth = 4;
          context.strokeText(label, p.x, p.y - 11);
          context.fillText(label, p.x, p.y - 11);
        },
      });
    }
    things.sort((a, b) => a.depth - b.depth);
    for (const thing of things) thing.paint();
    canvas.dataset.turn = orbit.turn.toFixed(3);
  }

  let grabbed: { x: number; y: number } | null = null;
  const turnBy = (turn: number, tilt: number) => {
    orbit = { ...orbit, turn: orbit.turn + turn, tilt: Math.min(Math.PI / 2, Math.max(-Math.PI / 2, orbit.tilt + tilt)) };
    draw();
  };
  const zoomBy = (factor: number) => {
    orbit = { ...orbit, zoom: Math.min(8, Math.max(0.4, orbit.zoom * factor)) };
    draw();
  };
  canvas.addEventListener("pointerdown", (event) => {
    grabbed = { x: event.clientX, y: event.clientY };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!grabbed) return;
    turnBy((grabbed.x - event.clientX) / 150, (event.clientY - grabbed.y) / 150);
    grabbed = { x: event.clientX, y: event.clientY };
  });
  for (const name of ["pointerup", "pointercancel"] as const) canvas.addEventListener(name, () => (grabbed = null));
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (document.activeElement !== canvas) return; // the page scrolls until the surface has been taken hold of
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / 500));
    },
    { passive: false },
  );
  canvas.addEventListener("dblclick", () => {
    orbit = { ...home };
    draw();
  });
  canvas.addEventListener("keydown", (event) => {
    const steps: Record<string, () => void> = {
      ArrowLeft: () => turnBy(0.1, 0),
      ArrowRight: () => turnBy(-0.1, 0),
      ArrowUp: () => turnBy(0, 0.1),
      ArrowDown: () => turnBy(0, -0.1),
      "+": () => zoomBy(1.15),
      "-": () => zoomBy(1 / 1.15),
      Home: () => {
        orbit = { ...home };
        draw();
      },
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    step();
  });
  onWidth(holder, (now) => {
    width = now;
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return { element: holder, draw, range };
}

/** −1 (in shadow) to 1 (in full light) of a facet with corner a and neighbours b, d; light comes with the eye. */
function shade(a: Point, b: Point, d: Point, orbit: Orbit): number {
  const [ux, uy, uz] = [0, 1, 2].map((k) => (b[k] ?? 0) - (a[k] ?? 0)) as [number, number, number];
  const [vx, vy, vz] = [0, 1, 2].map((k) => (d[k] ?? 0) - (a[k] ?? 0)) as [number, number, number];
  const normal = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
  const length = Math.hypot(...normal);
  if (!(length > 0)) return 0;
  const turn = orbit.turn + 0.5; // from over the shoulder
  const light = [Math.sin(turn) * 0.6, -Math.cos(turn) * 0.6, 0.53];
  const cosine = Math.abs(normal[0]! * light[0]! + normal[1]! * light[1]! + normal[2]! * light[2]!) / length;
  return 2 * cosine - 1;
}

/** Which way the axes point, in a corner. */
function drawAxes(context: CanvasRenderingContext2D, orbit: Orbit, at: [number, number], names = ["x", "y", "z"]): void {
  const project = new Projection(orbit, [0, 0, 0], 30, at);
  context.strokeStyle = resolved("var(--faint)");
  context.fillStyle = resolved("var(--muted)");
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 1.5;
  for (let k = 0; k < 3; ++k) {
    const tip = project.apply([0, 1, 2].map((j) => (j === k ? 1 : 0)));
    const name = project.apply([0, 1, 2].map((j) => (j === k ? 1.35 : 0)));
    context.beginPath();
    context.moveTo(...at);
    context.lineTo(tip.x, tip.y);
    context.stroke();
    context.fillText(names[k] ?? "", name.x, name.y);
  }
  context.textBaseline = "alphabetic";
}

/** Paths in the plane over a heat map of their quality. */
function planeView(run: Geodesic, stage: () => number): View {
  const holder = h("div", { class: "plot square" });
  const range = valueRange(run.plane?.values);
  let width = 0;
  function draw(): void {
    if (width === 0) return;
    const plane = run.plane;
    const box = bounds([...run.curves.flatMap((curve) => curve.points), ...(plane ? [[plane.x[0], plane.y[0]], [plane.x[1], plane.y[1]]] : [])]);
    const margin = { left: 50, right: 14, top: 14, bottom: 42 };
    const height = Math.min(width, 480);
    const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
    const pad = plane ? 1 : 1.08;
    const unit = Math.max(1e-9, pad * Math.max((box.high[0]! - box.low[0]!) / inner.width, (box.high[1]! - box.low[1]!) / inner.height));
    const cx = (box.low[0]! + box.high[0]!) / 2;
    const cy = (box.low[1]! + box.high[1]!) / 2;
    // No wider than the content at this scale: no empty margins beside a square plane.
    const plotWidth = Math.min(width, (pad * (box.high[0]! - box.low[0]!)) / unit + margin.left + margin.right);
    const half = [(unit * (plotWidth - margin.left - margin.right)) / 2, (unit * inner.height) / 2];
    const stages = run.stages ?? [];
    const xy = (points: Point[]) => points.map((point) => ({ x: point[0], y: point[1] }));
    const line = (points: Point[], look: { colour: string; dash: string; width: number }, opacity: number) =>
      Plot.line(xy(points), { x: "x", y: "y", stroke: look.colour, strokeWidth: look.width, strokeDasharray: look.dash, strokeOpacity: opacity, clip: true });
    const shown = stage() >= stages.length ? run.curves : run.curves.filter((curve) => curve.role !== "path");
    const ends = run.curves[0]!.points;
    const [start, end] = [ends[0]!, ends[ends.length - 1]!];
    holder.replaceChildren(
      Plot.plot({
        width: plotWidth,
        height,
        marginLeft: margin.left,
        marginRight: margin.right,
        marginTop: margin.top,
        marginBottom: margin.bottom,
        ariaLabel: "Paths in the plane",
        style: { background: "none", fontFamily: "inherit", fontSize: "12px" },
        x: { domain: [cx - half[0]!, cx + half[0]!], label: run.axes?.[0] ?? "x", labelAnchor: "center", labelArrow: "none", ticks: 6 },
        y: { domain: [cy - half[1]!, cy + half[1]!], label: run.axes?.[1] ?? "y", labelAnchor: "center", labelArrow: "none", ticks: 6 },
        color: { scheme: "cividis", domain: range, unknown: "#999" },
        marks: [
          plane?.values ? Plot.raster(plane.values as number[], { width: plane.columns, height: plane.rows, x1: plane.x[0], x2: plane.x[1], y1: plane.y[0], y2: plane.y[1], fill: (value: Value) => value ?? NaN }) : null,
          ...stages.filter((_, i) => i <= stage()).map((each, i) => line(each.points, { colour: "var(--stage)", dash: "none", width: i === stage() ? 3 : 1.2 }, i === stage() ? 1 : 0.6)),
          ...shown.map((curve) => line(curve.points, { colour: "var(--halo)", dash: "none", width: style(curve).width + 2.5 }, 0.8)),
          ...shown.map((curve) => line(curve.points, style(curve), 1)),
          Plot.dot([start, end], { x: (p: Point) => p[0], y: (p: Point) => p[1], r: 5, fill: "var(--text)", stroke: "var(--halo)", strokeWidth: 2 }),
          Plot.text([{ p: start, label: "start" }, { p: end, label: "end" }], { x: (d) => d.p[0], y: (d) => d.p[1], text: "label", dy: -13, fontWeight: 600, fill: "var(--text)", stroke: "var(--halo)", strokeWidth: 4 }),
        ],
      }),
    );
  }
  onWidth(holder, (now) => {
    width = now;
    draw();
  });
  return { element: holder, draw, range };
}
