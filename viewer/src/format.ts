// Numbers for people.

export function number(value: unknown, digits = 3): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "not a number";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(Math.max(0, digits - 1)).replace("e+", "e");
  if (size >= 10 ** digits) return Math.round(value).toString();
  return String(Number(value.toPrecision(digits)));
}

export function fixed(value: unknown, digits = 2): string {
  return typeof value === "number" && Number.isFinite(value) ? value.toFixed(digits) : "–";
}

/** As table cells and tiles show them: short, and a dash where there is none. */
export function brief(value: unknown, digits = 3): string {
  return typeof value === "number" && Number.isFinite(value) ? number(value, digits) : value === null ? "NaN" : "–";
}

export function percent(share: number): string {
  if (share > 0 && share < 0.001) return "under 0.1 %";
  return `${share < 0.1 ? Number((100 * share).toPrecision(2)) : Math.round(100 * share)} %`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
