// How the run was made: settings, what was assumed, warnings.

import type { Common } from "../data";
import { h, section } from "../dom";

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (value !== null && typeof value === "object") return JSON.stringify(value);
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}

export function settingsPanel(run: Common): HTMLElement | null {
  const settings = Object.entries(run.settings ?? {}).filter(([, value]) => !(Array.isArray(value) && value.length === 0));
  const warnings = run.warnings ?? [];
  const notes = run.notes ?? [];
  const command = run.command ? h("details", {}, h("summary", {}, "Command"), h("pre", { class: "command" }, run.command)) : null;
  if (settings.length === 0 && command === null && warnings.length === 0 && notes.length === 0) return null;
  return section(
    "settings",
    warnings.length > 0 ? `How it was made, with ${warnings.length === 1 ? "a warning" : `${warnings.length} warnings`}` : "How it was made",
    run.version ? `LatentPath ${run.version}. The same settings and number of threads give the same path.` : "",
    warnings.length > 0 ? h("ul", { class: "warnings" }, ...warnings.map((text) => h("li", {}, String(text)))) : null,
    notes.length > 0 ? h("details", {}, h("summary", {}, `What was assumed (${notes.length})`), h("ul", {}, ...notes.map((text) => h("li", {}, String(text))))) : null,
    command,
    settings.length > 0
      ? h("details", {}, h("summary", {}, `Settings (${settings.length})`), h("dl", { class: "settings-list" }, ...settings.flatMap(([name, value]) => [h("div", {}, h("dt", {}, name), h("dd", {}, shown(value)))])))
      : null,
  ).element;
}
