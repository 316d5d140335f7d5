// Where a place on a path lies on each of its three curves.

import { curveIds, isNumber, type CurveId, type Interpolation, type Sampled, type Value } from "./data";
import type { Spacing } from "./store";

export class Curve {
  /** Share of the length in image space that lies before each sample. */
  readonly share: number[];
  readonly totalArc: number;

  constructor(
    readonly id: CurveId,
    readonly times: number[],
    readonly sampled: Sampled,
  ) {
    let sum = 0;
    this.share = times.map((time, i) => {
      if (i === 0) return 0;
      const speed = sampled.speed[i - 1];
      return (sum += isNumber(speed) ? speed * (time - times[i - 1]!) : 0);
    });
    this.totalArc = sum;
    // A curve that stays where it is has no arc length to measure by: time has to do.
    this.share = sum > 0 ? this.share.map((arc) => arc / sum) : times.slice();
  }

  private scale(spacing: Spacing): number[] {
    return spacing === "arc" ? this.share : this.times;
  }

  /** Curve time at a position. */
  time(position: number, spacing: Spacing): number {
    return spacing === "time" ? position : interpolate(this.share, this.times, position);
  }

  /** Where a curve time lies on the axis of positions. */
  position(time: number, spacing: Spacing): number {
    return spacing === "time" ? time : interpolate(this.times, this.share, time);
  }

  /** The frame nearest to a position. */
  frame(position: number, spacing: Spacing): number {
    const scale = this.scale(spacing);
    let best = 0;
    let distance = Infinity;
    this.sampled.frames.forEach((sample, frame) => {
      const apart = Math.abs(scale[sample]! - position);
      if (apart < distance) [best, distance] = [frame, apart];
    });
    return best;
  }

  /** Curve time of a frame. */
  frameTime(frame: number): number {
    return this.times[this.sampled.frames[frame] ?? 0] ?? 0;
  }

  /** The value of a list sampled at `times`, at a position; null next to NaN. */
  at(values: Value[] | undefined, position: number, spacing: Spacing): Value {
    if (!values || values.length === 0) return null;
    const time = this.time(position, spacing);
    const i = bracket(this.times, time);
    if (values.length < this.times.length) return values[Math.min(i, values.length - 1)] ?? null;
    const a = values[i];
    const b = values[Math.min(i + 1, values.length - 1)];
    if (!isNumber(a) || !isNumber(b)) return null;
    const width = (this.times[i + 1] ?? 1) - this.times[i]!;
    return width > 0 ? a + ((b - a) * (time - this.times[i]!)) / width : a;
  }
}

/** The i with scale[i] ≤ x ≤ scale[i + 1]. */
export function bracket(scale: number[], x: number): number {
  let low = 0;
  let high = scale.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (scale[middle]! <= x) low = middle;
    else high = middle;
  }
  return low;
}

export function interpolate(from: number[], to: number[], x: number): number {
  if (from.length < 2) return to[0] ?? 0;
  const i = bracket(from, x);
  const width = from[i + 1]! - from[i]!;
  const share = width > 0 ? Math.min(1, Math.max(0, (x - from[i]!) / width)) : 0;
  return to[i]! + share * (to[i + 1]! - to[i]!);
}

/** Values at evenly spaced times, at other times; null next to NaN. */
function resampled(values: Value[], times: number[]): Value[] {
  return times.map((time) => {
    const place = Math.min(1, Math.max(0, time)) * (values.length - 1);
    const i = Math.min(Math.floor(place), values.length - 2);
    const [a, b] = [values[i], values[i + 1]];
    return isNumber(a) && isNumber(b) ? a + (b - a) * (place - i) : null;
  });
}

/** What the summary tells along a curve, at evenly spaced times, and what it calls it. */
export const profiles = { density: "negative_log_density", judge: "judge_probability", image: "image_rank", kept: "feature_distance", change: "class_change" } as const;
export type Profile = keyof typeof profiles;

export const isProfile = (field: string): field is Profile => field in profiles;

export function profileOf(run: Interpolation, pair: number, id: CurveId, profile: Profile): Value[] | undefined {
  const values = (run.summary.pairs[pair]?.[id] as Record<string, Value[] | undefined> | undefined)?.[profiles[profile]];
  return Array.isArray(values) && values.length > 1 ? values : undefined;
}

/** Not one number all along; what is no number counts as any. */
function varies(values: Value[] | undefined): boolean {
  return (values ?? []).some((value) => value !== values![0] || !isNumber(value));
}

/** Whether a quality was asked for: one that is the same everywhere is none. */
export function hasQuality(run: Interpolation): boolean {
  // Where a guard alone is asked for, figures are of distances, and the summary has none of a quality.
  const told = run.summary.pairs.map(({ path }) => path?.length === undefined || path.min_quality !== undefined);
  return run.pairs.some((pair, i) => told[i] !== false && curveIds.some((id) => varies(pair[id]?.quality)));
}

/** What stands under a frame: what the classifier says, else the quality; null where nothing was asked for. */
export function captionOf(run: Interpolation): { label: string; values: (curve: Curve) => Value[] | undefined } | null {
  if (!run.feature && !hasQuality(run)) return null;
  return { label: run.feature ?? "quality", values: ({ sampled }) => sampled.feature ?? sampled.quality };
}

/** What the colours of places say; undefined where nothing was asked for. */
export function valuesLabel(run: Interpolation): string | undefined {
  const label = captionOf(run)?.label;
  return label !== undefined && run.values_at !== undefined ? `${label}, at time ${run.values_at}` : label;
}

/** The curves of a pair that the page holds; none for pairs that are in the table only. */
export function curvesOf(run: Interpolation, pair: number): Curve[] {
  const data = run.pairs[pair];
  if (!data) return [];
  const curves: Curve[] = [];
  for (const id of ["linear", "spherical", "path"] as CurveId[]) {
    const sampled = data[id];
    if (!sampled) continue;
    const told: Partial<Sampled> = {};
    for (const profile of Object.keys(profiles) as Profile[]) {
      const values = profileOf(run, pair, id, profile);
      if (values) told[profile] = resampled(values, run.times);
    }
    curves.push(new Curve(id, run.times, { ...sampled, ...told }));
  }
  return curves;
}
