// Plots of lines over a common axis, drawn by Observable Plot; with a cursor that all plots share and a
// legend that reads the values under it, so that nothing moves when it moves.

import * as Plot from "@observablehq/plot";
import { h, onWidth, svg } from "./dom";
import { key } from "./curve_style";
import { brief, fixed, number } from "./format";

export interface Line {
  id: string;
  name: string;
  colour: string;
  dash: string;
  width: number;
  points: { x: number; y: number | null | undefined }[];
}

export interface ChartOptions {
  label: string; // for those who do not see it
  x: string;
  y: string;
  lines: Line[];
  xDomain?: [number, number];
  xTicks?: number;
  yDomain?: [number, number];
  log?: boolean;
  anyOrigin?: boolean; // 0 means nothing of these values: the axis covers them alone
  rules?: { y: number; label: string }[];
  bands?: { x1: number; x2: number; label: string }[];
  height?: number;
  onHover?: (x: number | null) => void;
  onPick?: (x: number) => void;
}

export interface Chart {
  element: HTMLElement;
  /** Draws other lines. */
  set(options: Partial<ChartOptions>): void;
  /** Puts the cursor at x (null: away) and reads these values. */
  cursor(x: number | null, values?: Record<string, number | null>): void;
}

const marginLeft = 58;

export function lineChart(initial: ChartOptions): Chart {
  let options = initial;
  let width = 0;
  let cursorAt: number | null = null;
  let readings: Record<string, number | null> = {};
  const legend = h("div", { class: "legend" });
  const holder = h("div", { class: "plot", style: `height:${initial.height ?? 220}px` });
  const element = h("div", { class: "chart" }, legend, holder);
  let overlay: SVGElement | null = null;
  let scales: { x: Plot.Scale; y: Plot.Scale } | null = null;
  let outputs = new Map<string, HTMLElement>();

  function drawLegend(): void {
    outputs = new Map();
    legend.replaceChildren(
      ...options.lines.map((line) => {
        const output = h("output", {}, "");
        outputs.set(line.id, output);
        return h("span", { class: "legend-item" }, key(line), h("span", {}, line.name), output);
      }),
    );
  }

  function draw(): void {
    if (width === 0) return;
    const height = options.height ?? 220;
    const finite = options.lines.flatMap((line) =>
      line.points.filter((p) => Number.isFinite(p.y) && p.y !== null && (!options.log || p.y! > 0)),
    );
    if (finite.length === 0) {
      holder.replaceChildren(h("p", { class: "empty" }, "There are no numbers to draw here: every value is NaN or infinite."));
      overlay = scales = null;
      return;
    }
    const plot = Plot.plot({
      width,
      height,
      marginLeft,
      marginBottom: 38,
      marginTop: 24,
      marginRight: 12,
      style: { background: "none", fontSize: "12px", fontFamily: "inherit" },
      ariaLabel: options.label,
      x: { label: options.x, labelAnchor: "center", labelArrow: "none", domain: options.xDomain, nice: false, ticks: options.xTicks },
      y: {
        label: options.y,
        labelArrow: "none",
        domain: options.yDomain,
        type: options.log ? "log" : "linear",
        nice: !options.yDomain,
        zero: !options.log && !options.anyOrigin,
        ticks: 5,
        tickFormat: (value: number) => number(value),
      },
      marks: [
        ...(options.bands ?? []).map((band, i) =>
          Plot.rectX([band], { x1: "x1", x2: "x2", fill: "var(--band)", fillOpacity: i % 2 === 0 ? 1 : 0 }),
        ),
        Plot.gridY({ stroke: "var(--grid)", strokeOpacity: 1, ticks: 5 }),
        ...(options.rules ?? []).map((rule) => Plot.ruleY([rule.y], { stroke: "var(--faint)", strokeDasharray: "2 3" })),
        ...(options.rules ?? []).map((rule) =>
          Plot.text([rule], { y: "y", text: "label", frameAnchor: "right", dy: -7, fill: "var(--muted)", textAnchor: "end" }),
        ),
        ...options.lines.map((line) =>
          Plot.line(
            line.points.map((p) => ({ x: p.x, y: p.y === null || p.y === undefined ? NaN : p.y })),
            {
              x: "x",
              y: "y",
              stroke: line.colour,
              strokeWidth: line.width,
              strokeDasharray: line.dash,
              strokeLinejoin: "round",
              clip: true,
            },
          ),
        ),
      ],
    });
    scales = { x: plot.scale("x")!, y: plot.scale("y")! };
    overlay = svg("g", { class: "cursor" });
    plot.appendChild(overlay);
    (plot as Element).setAttribute("role", "img");
    const at = (event: PointerEvent): number => {
      const box = plot.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * width;
      const [low, high] = scales!.x.domain as [number, number];
      return Math.min(high, Math.max(low, scales!.x.invert!(x) as number));
    };
    if (options.onHover) {
      plot.addEventListener("pointermove", (event) => options.onHover!(at(event as PointerEvent)));
      plot.addEventListener("pointerleave", () => options.onHover!(null));
    }
    if (options.onPick) plot.addEventListener("pointerdown", (event) => options.onPick!(at(event as PointerEvent)));
    holder.replaceChildren(plot);
    drawCursor();
  }

  function drawCursor(): void {
    for (const [id, output] of outputs) {
      const text = cursorAt === null || !(id in readings) ? "" : options.yDomain?.[1] === 1 && readings[id] !== null ? fixed(readings[id]) : brief(readings[id]);
      if (output.textContent !== text) output.textContent = text;
    }
    if (!overlay || !scales) return;
    overlay.replaceChildren();
    if (cursorAt === null) return;
    const x = scales.x.apply(cursorAt) as number;
    overlay.appendChild(svg("line", { x1: x, x2: x, y1: 24, y2: (options.height ?? 220) - 38 }));
    for (const line of options.lines) {
      const value = readings[line.id];
      if (typeof value !== "number" || (options.log && value <= 0)) continue;
      const dot = svg("circle", { cx: x, cy: scales.y.apply(value) as number, r: 4 });
      dot.style.fill = line.colour;
      overlay.appendChild(dot);
    }
  }

  drawLegend();
  onWidth(holder, (now) => {
    width = now;
    draw();
  });
  return {
    element,
    set(change) {
      options = { ...options, ...change };
      drawLegend();
      draw();
    },
    cursor(x, values = {}) {
      cursorAt = x;
      readings = values;
      drawCursor();
    },
  };
}
