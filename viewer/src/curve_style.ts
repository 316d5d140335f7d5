// The look of the three curves, the same everywhere: by colour, by dashes, and by name.

import type { CurveId } from "./data";
import { h } from "./dom";

export const curveStyles: Record<CurveId, { name: string; colour: string; dash: string; width: number }> = {
  linear: { name: "straight line", colour: "var(--linear)", dash: "2 4", width: 2 },
  spherical: { name: "great circle", colour: "var(--spherical)", dash: "8 4", width: 2 },
  path: { name: "LatentPath", colour: "var(--path)", dash: "none", width: 2.75 },
};

/** A short stretch of the curve, for legends. */
export function key(style: { colour: string; dash: string; width: number }): SVGElement {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ width: 26, height: 8, "aria-hidden": "true", class: "key" })) icon.setAttribute(name, String(value));
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  for (const [name, value] of Object.entries({ x1: 1, x2: 25, y1: 4, y2: 4, "stroke-width": style.width, "stroke-dasharray": style.dash }))
    line.setAttribute(name, String(value));
  line.style.stroke = style.colour;
  icon.appendChild(line);
  return icon;
}

export function curveLabel(id: CurveId): HTMLElement {
  const style = curveStyles[id];
  return h("span", { class: `curve-label ${id}` }, key(style), style.name);
}
