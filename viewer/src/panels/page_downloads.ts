// What the reader of a geodesic or of a path between samples can take along: the picture as it is seen, as SVG (where it is
// drawn in lines) and PNG, and curves, points and figures as CSV.

import { h, save, svg } from "../dom";
import type { Figures, Geodesic, Measures, Point } from "../data";
import { csv, downloadRow, png } from "./download_row";

const drawn = ["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-weight", "paint-order", "text-anchor"];

/** A plot that needs no page around it: colours and fonts are its own. */
function standalone(plot: SVGSVGElement): SVGSVGElement {
  const copy = plot.cloneNode(true) as SVGSVGElement;
  const from = [plot, ...plot.querySelectorAll<SVGElement>("*")];
  [copy, ...copy.querySelectorAll<SVGElement>("*")].forEach((element, i) => {
    const style = getComputedStyle(from[i]!);
    for (const name of drawn) element.setAttribute(name, style.getPropertyValue(name));
    element.style.removeProperty("fill");
    element.style.removeProperty("stroke");
    if (element.getAttribute("fill") === "currentColor") element.setAttribute("fill", style.color);
    if (element.getAttribute("stroke") === "currentColor") element.setAttribute("stroke", style.color);
  });
  copy.querySelectorAll("style").forEach((element) => element.remove());
  copy.setAttribute("font-family", "system-ui, sans-serif");
  return copy;
}

/** The plots of a panel side by side, each under its name; null where there are none. */
function together(panel: HTMLElement): { text: string; width: number; height: number } | null {
  const plots = [...panel.querySelectorAll<SVGSVGElement>(".plot svg")];
  if (plots.length === 0) return null;
  const title = 24;
  const size = (plot: SVGSVGElement) => [plot.width.baseVal.value, plot.height.baseVal.value] as const;
  const width = plots.reduce((sum, plot) => sum + size(plot)[0], 0);
  const height = title + Math.max(...plots.map((plot) => size(plot)[1]));
  const card = getComputedStyle(panel);
  const sheet = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, "font-family": "system-ui, sans-serif" });
  sheet.appendChild(svg("rect", { width, height, fill: card.backgroundColor }));
  let x = 0;
  for (const plot of plots) {
    const name = plot.closest("figure")?.querySelector("figcaption")?.textContent ?? "";
    const label = svg("text", { x: x + size(plot)[0] / 2, y: 17, "text-anchor": "middle", "font-size": 14, "font-weight": 600, fill: card.color });
    label.textContent = name;
    const copy = standalone(plot);
    copy.setAttribute("x", String(x));
    copy.setAttribute("y", String(title));
    sheet.append(label, copy);
    x += size(plot)[0];
  }
  return { text: new XMLSerializer().serializeToString(sheet), width, height };
}

async function picture(panel: HTMLElement): Promise<Blob> {
  const canvas = panel.querySelector<HTMLCanvasElement>("canvas");
  const target = canvas ?? h("canvas");
  const sheet = canvas ? null : together(panel);
  if (sheet) {
    const scale = 2;
    target.width = Math.ceil(scale * sheet.width);
    target.height = Math.ceil(scale * sheet.height);
    const url = URL.createObjectURL(new Blob([sheet.text], { type: "image/svg+xml" }));
    const image = new Image();
    image.src = url;
    await image.decode();
    target.getContext("2d")!.drawImage(image, 0, 0, target.width, target.height);
    URL.revokeObjectURL(url);
  }
  return png(target, "There is no picture.");
}

function figuresCsv(rows: (Figures & { name: string })[]): Blob {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => key !== "name");
  return csv([["name", ...columns], ...rows.map((row) => [row.name, ...columns.map((key) => row[key])])]);
}

const axes = (points: Point[], names: string[] = ["x", "y", "z"]) => Array.from({ length: Math.max(0, ...points.map((point) => point.length)) }, (_, k) => names[k] ?? `x${k + 1}`);

function panelOf(kind: string, panel: HTMLElement | null, figures: (Figures & { name: string })[], points: [string, () => Blob] | null): HTMLElement | null {
  if (!panel) return null;
  const download = (id: string, text: string, give: () => Blob | Promise<Blob>, name: string) => ({
    id,
    text,
    make: async () => save(`latentpath-${kind}${name}`, await give()),
  });
  const drawing = () => new Blob([together(panel)!.text], { type: "image/svg+xml" });
  panel.appendChild(
    downloadRow([
      download("download-png", "Picture, PNG", () => picture(panel), ".png"),
      panel.querySelector("canvas") ? null : download("download-svg", "Picture, SVG", drawing, ".svg"),
      points ? download("download-points", points[0], points[1], "-points.csv") : null,
      figures.length > 0 ? download("download-figures", "Figures, CSV", () => figuresCsv(figures), "-figures.csv") : null,
    ]),
  );
  return panel;
}

/** Adds the downloads to the panel of a geodesic. */
export function geodesicDownloads(run: Geodesic, panel: HTMLElement | null): HTMLElement | null {
  const names = axes(run.curves.flatMap((curve) => curve.points), run.axes);
  const points = () => csv([["curve", "node", ...names], ...run.curves.flatMap((curve) => curve.points.map((point, i) => [curve.name, i, ...point]))]);
  return panelOf("geodesic", panel, run.figures ?? [], ["Curves, CSV", points]);
}

/** Adds the downloads to the panel of measures. */
export function measuresDownloads(run: Measures, panel: HTMLElement | null): HTMLElement | null {
  const methods = run.methods ?? [];
  const names = axes(methods.flatMap((method) => method.points[0] ?? []), run.axes);
  const points = () =>
    csv([
      ["kind", "time", "point", ...names, "weight"],
      ...methods.flatMap((method) => method.points.flatMap((at, i) => at.map((point, k) => [method.name, method.times[i], k, ...point, method.weights?.[i]?.[k]]))),
    ]);
  const figures = methods.filter((method) => method.figures).map((method) => ({ name: method.name, ...method.figures! }));
  return panelOf("measures", panel, figures, ["Points, CSV", points]);
}
