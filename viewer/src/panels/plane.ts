// Where the paths lie: the latent plane itself (D = 2) with its quality as a heat map, or their projection to
// the plane of the end points (Struski et al. 2023, Eq. 15) among samples of the prior.

import * as Plot from "@observablehq/plot";
import { isNumber, type Interpolation } from "../data";
import { curvesOf, valuesLabel, type Curve } from "../curve";
import { curveStyles } from "../curve_style";
import { h, onWidth, section, svg } from "../dom";
import { fixed, number } from "../format";
import type { Store } from "../store";

// The radii within which a normal prior has these shares of its mass in two dimensions: √(−2 log(1 − share)).
const masses = [0.5, 0.9, 0.99];

function circle(radius: number): { x: number; y: number }[] {
  return Array.from({ length: 97 }, (_, i) => ({ x: radius * Math.cos((i * Math.PI) / 48), y: radius * Math.sin((i * Math.PI) / 48) }));
}

interface XY {
  x: number;
  y: number;
}

function plotted(curve: Curve): (XY & { t: number })[] {
  const { u, v } = curve.sampled;
  return curve.times.map((t, i) => ({ x: u?.[i] ?? NaN, y: v?.[i] ?? NaN, t }));
}

/** How far a point lies from the segment a b. */
function distance(p: XY, a: XY, b: XY): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const t = length > 0 ? Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length)) : 0;
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

export function planePanel(run: Interpolation, store: Store): HTMLElement | null {
  if (!run.pairs.some((pair) => pair.path?.u)) return null;
  const heat = run.heat_map;
  const caption = valuesLabel(run); // without one, there is nothing to colour by
  const holder = h("div", { class: "plot square" });
  const reading = h("output", { class: "reading" });
  const legend = h("div", { class: "heat-legend" });
  const subtitle = heat
    ? `The whole latent plane${caption ? `. Colour: ${caption} of what each point decodes to` : ""}${run.normal_prior ? "; circles: 50, 90 and 99 % of the prior" : ""}.`
    : `Projection to the plane that the start and the end span with the origin, to scale. Dots: samples of the prior${caption && run.feature ? `, coloured by their ${caption}` : ""}${run.normal_prior ? "; circles: 50, 90 and 99 % of the projected prior" : ""}.`;
  const panel = section("plane", "", subtitle, legend, holder, reading);

  let overlay: SVGElement | null = null;
  let scales: { x: Plot.Scale; y: Plot.Scale } | null = null;
  let curves: Curve[] = [];
  let width = 0;

  function samples(): (XY & { value: number })[] {
    const basis = run.pairs[store.view.pair]?.basis;
    if (!run.samples || !basis || heat) return [];
    const dim = run.latent_dim;
    const { latents, values, count } = run.samples;
    const points: (XY & { value: number })[] = [];
    for (let i = 0; i < count; ++i) {
      let [x, y] = [0, 0];
      for (let k = 0; k < dim; ++k) {
        x += (latents[i * dim + k] ?? 0) * basis[k]!;
        y += (latents[i * dim + k] ?? 0) * basis[dim + k]!;
      }
      points.push({ x, y, value: values[i] ?? NaN });
    }
    return points;
  }

  function draw(): void {
    curves = curvesOf(run, store.view.pair).filter((curve) => curve.sampled.u);
    if (width === 0) return;
    if (curves.length === 0) {
      holder.replaceChildren(h("p", { class: "empty" }, "The page holds no curves of this pair."));
      overlay = scales = null;
      return;
    }
    const lines = curves.map((curve) => ({ curve, points: plotted(curve) }));
    const cloud = samples();
    const height = Math.min(width, 460);
    const margin = { left: 50, right: 14, top: 14, bottom: 42 };
    // Both axes at the same scale, and everything in sight.
    const everything = [...lines.flatMap((line) => line.points), ...cloud].filter((p) => isNumber(p.x) && isNumber(p.y));
    let [x0, x1, y0, y1] = heat
      ? [heat.low, heat.high, heat.low, heat.high]
      : [Math.min(...everything.map((p) => p.x)), Math.max(...everything.map((p) => p.x)), Math.min(...everything.map((p) => p.y)), Math.max(...everything.map((p) => p.y))];
    if (!(x1 > x0)) [x0, x1] = [x0 - 1, x0 + 1];
    if (!(y1 > y0)) [y0, y1] = [y0 - 1, y0 + 1];
    const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
    const unit = 1.06 * Math.max((x1 - x0) / inner.width, (y1 - y0) / inner.height);
    const grow = heat ? 1 / 1.06 : 1;
    const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
    let xDomain = [cx - (grow * unit * inner.width) / 2, cx + (grow * unit * inner.width) / 2];
    let yDomain = [cy - (grow * unit * inner.height) / 2, cy + (grow * unit * inner.height) / 2];
    let plotWidth = width;
    if (heat) {
      xDomain = [heat.low, heat.high];
      yDomain = [heat.low, heat.high];
      plotWidth = Math.min(width, inner.height + margin.left + margin.right);
    }
    const start = lines[0]!.points[0]!;
    const end = lines[0]!.points[lines[0]!.points.length - 1]!;
    const loop = Math.hypot(end.x - start.x, end.y - start.y) < 1e-9;
    const halo = { stroke: "var(--halo)", strokeWidth: 4, paintOrder: "stroke" as const };
    const plot = Plot.plot({
      width: plotWidth,
      height,
      marginLeft: margin.left,
      marginRight: margin.right,
      marginTop: margin.top,
      marginBottom: margin.bottom,
      ariaLabel: heat ? "The latent plane with three paths" : "Paths projected to the plane of the end points",
      style: { background: "none", fontFamily: "inherit", fontSize: "12px" },
      x: { domain: xDomain, label: heat ? "latent 1" : "along the start z₀", labelAnchor: "center", labelArrow: "none", ticks: 6 },
      y: { domain: yDomain, label: heat ? "latent 2" : "across it, towards the end z₁", labelAnchor: "center", labelArrow: "none", ticks: 6 },
      color: { scheme: "cividis", domain: [0, 1], unknown: "#999" },
      marks: [
        heat && caption
          ? Plot.raster(heat.values as number[], { width: heat.side, height: heat.side, x1: heat.low, x2: heat.high, y1: heat.low, y2: heat.high, fill: (value: number | null) => value ?? NaN, interpolate: "nearest" })
          : null,
        cloud.length > 0 ? Plot.dot(cloud, { x: "x", y: "y", fill: caption ? "value" : "var(--faint)", r: 2.6, fillOpacity: 0.75, stroke: "var(--faint)", strokeWidth: 0.4 }) : null,
        ...(run.normal_prior
          ? masses.map((mass) =>
              Plot.line(circle(Math.sqrt(-2 * Math.log(1 - mass))), { x: "x", y: "y", stroke: heat && caption ? "#fff" : "var(--faint)", strokeWidth: 1, strokeOpacity: heat && caption ? 0.7 : 1, strokeDasharray: "3 3", clip: true }),
            )
          : []),
        ...lines.map(({ points }) => Plot.line(points, { x: "x", y: "y", stroke: "var(--halo)", strokeWidth: 5, strokeOpacity: 0.8, clip: true })),
        ...lines.map(({ curve, points }) =>
          Plot.line(points, { x: "x", y: "y", stroke: curveStyles[curve.id].colour, strokeWidth: curveStyles[curve.id].width, strokeDasharray: curveStyles[curve.id].dash, clip: true }),
        ),
        heat ? null : Plot.dot([{ x: 0, y: 0 }], { x: "x", y: "y", symbol: "plus", stroke: "var(--muted)", r: 5 }),
        Plot.dot([start, end], { x: "x", y: "y", r: 5, fill: "var(--text)", stroke: "var(--halo)", strokeWidth: 2 }),
        // Ends that are close to each other have their names on different sides.
        Plot.text([loop ? { ...start, label: "start = end" } : { ...start, label: "start" }], { x: "x", y: "y", text: "label", dy: -13, fontWeight: 600, fill: "var(--text)", ...halo }),
        loop ? null : Plot.text([{ ...end, label: "end" }], { x: "x", y: "y", text: "label", dy: Math.hypot(end.x - start.x, end.y - start.y) < 50 * unit ? 15 : -13, fontWeight: 600, fill: "var(--text)", ...halo }),
      ],
    });
    scales = { x: plot.scale("x")!, y: plot.scale("y")! };
    overlay = svg("g", { class: "cursor" });
    plot.appendChild(overlay);
    (plot as Element).setAttribute("role", "img");
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      const x = (((event as PointerEvent).clientX - box.left) / box.width) * plotWidth;
      const y = (((event as PointerEvent).clientY - box.top) / box.height) * height;
      let best: { position: number } | null = null;
      let nearest = 24;
      for (const { curve, points } of lines)
        for (const point of points) {
          const apart = Math.hypot((scales!.x.apply(point.x) as number) - x, (scales!.y.apply(point.y) as number) - y);
          if (apart < nearest) [best, nearest] = [{ position: curve.position(point.t, store.view.spacing) }, apart];
        }
      store.update({ hover: best ? best.position : null });
    });
    plot.addEventListener("pointerleave", () => store.update({ hover: null }));
    holder.replaceChildren(plot);
    drawLegend();
    title(lines);
    cursor();
  }

  function drawLegend(): void {
    legend.replaceChildren(
      ...curves.map((curve) => h("span", { class: `curve-label ${curve.id}` }, h("i", { class: `swatch ${curve.id}` }), curveStyles[curve.id].name)),
      caption && (heat || run.samples)
        ? h("span", { class: "ramp" }, h("small", {}, "0"), h("i", { class: "cividis" }), h("small", {}, `1 ${caption}`))
        : "",
    );
  }

  function title(lines: { curve: Curve; points: XY[] }[]): void {
    const ours = lines.find((line) => line.curve.id === "path");
    const line = lines.find((each) => each.curve.id === "linear");
    if (!ours || !line) return;
    const [a, b] = [line.points[0]!, line.points[line.points.length - 1]!];
    const away = Math.max(...ours.points.filter((p) => isNumber(p.x)).map((p) => distance(p, a, b)));
    const apart = Math.hypot(b.x - a.x, b.y - a.y);
    const where = heat ? "in the latent plane" : "in the plane of its ends";
    panel.setTitle(
      !isNumber(away)
        ? "The path's place is not a number"
        : apart < 1e-9
          ? `The loop swings out by ${number(away, 2)} ${where}`
          : away < 0.02 * apart
            ? `Our path all but keeps to the straight line ${where}`
            : `Our path swings ${number(away, 2)} away from the straight line ${where}`,
    );
  }

  function cursor(): void {
    const position = store.shown;
    const { spacing } = store.view;
    const ours = curves.find((curve) => curve.id === "path");
    if (ours) {
      const [u, v] = [ours.at(ours.sampled.u, position, spacing), ours.at(ours.sampled.v, position, spacing)];
      reading.textContent = isNumber(u) && isNumber(v) ? place(ours, u, v, position) : "";
    }
    if (!overlay || !scales) return;
    overlay.replaceChildren();
    for (const curve of curves) {
      const [u, v] = [curve.at(curve.sampled.u, position, spacing), curve.at(curve.sampled.v, position, spacing)];
      if (!isNumber(u) || !isNumber(v)) continue;
      const dot = svg("circle", { cx: scales.x.apply(u) as number, cy: scales.y.apply(v) as number, r: 5.5 });
      dot.style.fill = curveStyles[curve.id].colour;
      overlay.appendChild(dot);
    }
  }

  /** Eq. 15's coordinates: the point is α z₀ + β z₁, as near as the plane can come. */
  function place(curve: Curve, u: number, v: number, position: number): string {
    const t = `LatentPath at t = ${curve.time(position, store.view.spacing).toFixed(2)}: `;
    const last = curve.times.length - 1;
    const [a, b, c, d] = [curve.sampled.u?.[0], curve.sampled.v?.[0], curve.sampled.u?.[last], curve.sampled.v?.[last]];
    if (heat || !isNumber(a) || !isNumber(b) || !isNumber(c) || !isNumber(d)) return `${t}(${fixed(u)}, ${fixed(v)})`;
    const determinant = a * d - b * c;
    if (Math.abs(determinant) < 1e-9 * (a * a + b * b + c * c + d * d)) return `${t}(${fixed(u)}, ${fixed(v)})`;
    return `${t}${fixed((u * d - v * c) / determinant)} z₀ + ${fixed((v * a - u * b) / determinant)} z₁`;
  }

  onWidth(holder, (now) => {
    width = now;
    draw();
  });
  store.on(["pair"], draw);
  store.on(["position", "hover", "spacing"], cursor);
  draw();
  return panel.element;
}
