// What the reader of a geodesic or of a path between samples can take along: the picture as it is seen, as SVG (where it is
// drawn in lines) and PNG, and curves, points and figures as CSV.

import { h, save } from "../dom";
import type { Figures, Geodesic, Measures, Point } from "../data";

const drawn = ["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-weight", "paint-order", "text-anchor"];

/** A plot that needs no page around it: colours and fonts are its own. */
function standalone(svg: SVGSVGElement): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const from = [svg, ...svg.querySelectorAll<SVGElement>("*")];
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

const ns = "http://www.w3.org/2000/svg";

function make(name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(ns, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** The plots of a panel side by side, each under its name; null where there are none. */
function together(panel: HTMLElement): { text: string; width: number; height: number } | null {
  const plots = [...panel.querySelectorAll<SVGSVGElement>(".plot svg")];
  if (plots.length === 0) return null;
  const title = 24;
  const size = (svg: SVGSVGElement) => [svg.width.baseVal.value, svg.height.baseVal.value] as const;
  const width = plots.reduce((sum, svg) => sum + size(svg)[0], 0);
  const height = title + Math.max(...plots.map((svg) => size(svg)[1]));
  const card = getComputedStyle(panel);
  const sheet = make("svg", { xmlns: ns, width, height, viewBox: `0 0 ${width} ${height}`, "font-family": "system-ui, sans-serif" });
  sheet.appendChild(make("rect", { width, height, fill: card.backgroundColor }));
  let x = 0;
  for (const svg of plots) {
    const name = svg.closest("figure")?.querySelector("figcaption")?.textContent ?? "";
    const label = make("text", { x: x + size(svg)[0] / 2, y: 17, "text-anchor": "middle", "font-size": 14, "font-weight": 600, fill: card.color });
    label.textContent = name;
    const copy = standalone(svg);
    copy.setAttribute("x", String(x));
    copy.setAttribute("y", String(title));
    sheet.append(label, copy);
    x += size(svg)[0];
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
  const blob = await new Promise<Blob | null>((done) => target.toBlob(done, "image/png"));
  if (!blob) throw new Error("There is no picture.");
  return blob;
}

const cell = (value: unknown) => {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csv = (rows: unknown[][]) => new Blob([rows.map((row) => row.map(cell).join(",")).join("\n") + "\n"], { type: "text/csv" });

function figuresCsv(rows: (Figures & { name: string })[]): Blob {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => key !== "name");
  return csv([["name", ...columns], ...rows.map((row) => [row.name, ...columns.map((key) => row[key])])]);
}

const axes = (points: Point[], names: string[] = ["x", "y", "z"]) => Array.from({ length: Math.max(0, ...points.map((point) => point.length)) }, (_, k) => names[k] ?? `x${k + 1}`);

function panelOf(kind: string, panel: HTMLElement | null, figures: (Figures & { name: string })[], points: [string, () => Blob] | null): HTMLElement | null {
  if (!panel) return null;
  const status = h("span", { class: "status", role: "status" });
  const button = (id: string, text: string, give: () => Blob | Promise<Blob>, name: string) =>
    h("button", {
      type: "button",
      id,
      click: async () => {
        try {
          save(`latentpath-${kind}${name}`, await give());
          status.textContent = "";
        } catch (error) {
          status.textContent = error instanceof Error ? error.message : "This could not be made.";
        }
      },
    }, text);
  const svg = () => new Blob([together(panel)!.text], { type: "image/svg+xml" });
  panel.appendChild(
    h(
      "div",
      { class: "downloads" },
      h("span", { class: "downloads-label" }, "Download"),
      button("download-png", "Picture, PNG", () => picture(panel), ".png"),
      panel.querySelector("canvas") ? null : button("download-svg", "Picture, SVG", svg, ".svg"),
      points ? button("download-points", points[0], points[1], "-points.csv") : null,
      figures.length > 0 ? button("download-figures", "Figures, CSV", () => figuresCsv(figures), "-figures.csv") : null,
      status,
    ),
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
