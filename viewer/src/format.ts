// Numbers for people.

/** The rule of core/figure_text.h, with the same examples in both tests: a figure reads alike in a sentence and in a table. */
export function number(value: unknown, digits = 3): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return "not a number";
  if (value === 0) return "0";
  const short = value.toExponential(Math.max(0, digits - 1));
  const size = Math.abs(Number(short)); // as rounded: 999 999.7 is a million
  if (size >= 1e6 || size < 1e-3) return short.replace("e+", "e");
  if (size >= 10 ** digits) return value.toFixed(0);
  return String(Number(short));
}

/** What rounds to zero has no sign. */
export function fixed(value: unknown, digits = 2): string {
  return typeof value === "number" && Number.isFinite(value) ? value.toFixed(digits).replace(/^-(?=[0.]*$)/, "") : "–";
}

/** As table cells and tiles show them: short, and a dash where there is none. */
export function brief(value: unknown, digits = 3): string {
  return typeof value === "number" && Number.isFinite(value) ? number(value, digits) : value === null ? "NaN" : "–";
}

export function percent(share: number): string {
  if (share > 0 && share < 0.001) return "under 0.1 %";
  return `${share < 0.1 ? Number((100 * share).toPrecision(2)) : Math.round(100 * share)} %`;
}

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
