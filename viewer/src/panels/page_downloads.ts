// What the reader of a geodesic or of a path between samples can take along: the picture as it is seen, as SVG (where it is
// drawn in lines) and PNG, and curves, points and figures as CSV.

import * as Plot from "@observablehq/plot";
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

/** A drawing of the sheet, at its place. */
interface Piece {
  element: SVGElement;
  width: number;
  height: number;
  name: string;
}

/** The plots of a panel, or what its canvas shows. */
function piecesOf(panel: HTMLElement): Piece[] {
  const nameOf = (element: Element) => element.closest("figure")?.querySelector("figcaption")?.textContent ?? "";
  const canvas = panel.querySelector<HTMLCanvasElement>("canvas");
  if (canvas) {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    return [{ element: svg("image", { width, height, href: canvas.toDataURL() }), width, height, name: nameOf(canvas) }];
  }
  return [...panel.querySelectorAll<SVGSVGElement>(".plot svg")].map((plot) => ({
    element: standalone(plot),
    width: plot.width.baseVal.value,
    height: plot.height.baseVal.value,
    name: nameOf(plot),
  }));
}

const mostColumns = 3;
const margin = 14;
const row = 24; // of text

/** A line of text at most so wide, its words in rows. */
function wrapped(text: string, width: number, measure: (text: string) => number): string[] {
  const rows: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = rows[rows.length - 1];
    if (last !== undefined && measure(`${last} ${word}`) <= width) rows[rows.length - 1] = `${last} ${word}`;
    else rows.push(word);
  }
  return rows;
}

/** The panel as a picture of its own: plots in rows, words about them, and their legend. */
function together(panel: HTMLElement, words: string): { text: string; width: number; height: number } | null {
  const pieces = piecesOf(panel);
  if (pieces.length === 0) return null;
  const card = getComputedStyle(panel);
  const context = h("canvas").getContext("2d")!;
  context.font = "13px system-ui, sans-serif";
  const measure = (text: string) => context.measureText(text).width;
  const columns = Math.min(mostColumns, pieces.length);
  const cell = { width: Math.max(...pieces.map((piece) => piece.width)), height: Math.max(...pieces.map((piece) => piece.height)) };
  const title = pieces.some((piece) => piece.name) ? row : margin;
  const width = Math.max(2 * margin + columns * cell.width, 380);
  const sheet = svg("svg", { xmlns: "http://www.w3.org/2000/svg", width, "font-family": "system-ui, sans-serif", "font-size": 13 });
  const ground = svg("rect", { width, fill: card.backgroundColor });
  sheet.append(ground);
  const write = (x: number, y: number, content: string, more: Record<string, string | number> = {}) => {
    const element = svg("text", { x, y, fill: card.color, ...more });
    element.textContent = content;
    sheet.append(element);
  };
  pieces.forEach(({ element, width: own, name }, i) => {
    const [x, y] = [margin + (i % columns) * cell.width, Math.floor(i / columns) * (title + cell.height)];
    write(x + own / 2, y + 17, name, { "text-anchor": "middle", "font-size": 14, "font-weight": 600 });
    element.setAttribute("x", String(x));
    element.setAttribute("y", String(y + title));
    sheet.append(element);
  });
  let y = Math.ceil(pieces.length / columns) * (title + cell.height) + row;
  for (const line of words ? wrapped(words, width - 2 * margin, measure) : []) {
    write(margin, y, line);
    y += row;
  }
  let x = margin;
  const place = (wide: number) => {
    if (x > margin && x + wide > width - margin) [x, y] = [margin, y + row];
    const at = x;
    x += wide + 20;
    return at;
  };
  for (const label of panel.querySelectorAll<HTMLElement>(".heat-legend .curve-label")) {
    const swatch = label.querySelector<HTMLElement>("i");
    const look = swatch ? getComputedStyle(swatch) : null;
    const at = place(34 + measure(label.textContent ?? ""));
    if (look) sheet.append(svg("line", { x1: at, x2: at + 26, y1: y - 4, y2: y - 4, stroke: look.borderTopColor, "stroke-width": look.borderTopWidth, "stroke-dasharray": look.borderTopStyle === "dashed" ? "7 4" : look.borderTopStyle === "dotted" ? "2 3" : "none" }));
    write(at + 34, y, label.textContent ?? "");
  }
  const ramp = [...panel.querySelectorAll(".heat-legend .ramp small")].map((small) => small.textContent ?? "");
  if (ramp.length === 2) {
    const colour = Plot.scale({ color: { scheme: "cividis", domain: [0, 1] } });
    const at = place(measure(ramp[0]!) + 96 + measure(ramp[1]!));
    const from = at + measure(ramp[0]!) + 8;
    write(at, y, ramp[0]!);
    for (let i = 0; i < 40; ++i) sheet.append(svg("rect", { x: from + 2 * i, y: y - 11, width: 2.3, height: 12, fill: String(colour.apply((i + 0.5) / 40)) }));
    write(from + 88, y, ramp[1]!);
  }
  const height = y + margin;
  ground.setAttribute("height", String(height));
  sheet.setAttribute("height", String(height));
  sheet.setAttribute("viewBox", `0 0 ${width} ${height}`);
  return { text: new XMLSerializer().serializeToString(sheet), width, height };
}

async function picture(panel: HTMLElement, words: string): Promise<Blob> {
  const sheet = together(panel, words);
  const target = h("canvas");
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

function panelOf(kind: string, panel: HTMLElement | null, figures: (Figures & { name: string })[], points: [string, () => Blob] | null, words: () => string): HTMLElement | null {
  if (!panel) return null;
  const download = (id: string, text: string, give: () => Blob | Promise<Blob>, name: string) => ({
    id,
    text,
    make: async () => save(`latentpath-${kind}${name}`, await give()),
  });
  const drawing = () => new Blob([together(panel, words())!.text], { type: "image/svg+xml" });
  panel.appendChild(
    downloadRow([
      download("download-png", "Picture, PNG", () => picture(panel, words()), ".png"),
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
  return panelOf("geodesic", panel, run.figures ?? [], ["Curves, CSV", points], () => "");
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
  // What the colours mean, and the time that the slider stands at.
  const words = () => [".subtitle", "output.time"].map((part) => panel?.querySelector(part)?.textContent ?? "").join(" ");
  return panelOf("measures", panel, figures, ["Points, CSV", points], words);
}
