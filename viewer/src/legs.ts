// What the pairs of a run are called: pairs, or the legs of its tours.

import type { Interpolation } from "./data";
import { plural } from "./format";

/** "Interpolation of 50 pairs", "Tour of 3 legs", "4 tours of 3 legs"; null for a single pair. */
export function countOf(run: Interpolation): string | null {
  const count = run.summary.pairs.length;
  const tours = run.summary.tours ?? [];
  if (count < 2) return null;
  if (tours.length === 0) return `Interpolation of ${count} pairs`;
  return `${tours.length === 1 ? "Tour" : `${tours.length} tours`} of ${plural(tours[0]!.legs, "leg")}`;
}

/** What each of the pairs is. */
export const kindOf = (run: Interpolation) => (run.summary.tours?.length ? "leg" : "pair");

/** "pair 3"; "leg 3", of the only tour; "tour 2, leg 1". */
export const nameOf = (run: Interpolation, pair: number): string => run.summary.pairs[pair]?.name ?? `pair ${pair + 1}`;

/** "pair 3 of 50", "leg 2 of 3", "tour 2, leg 1 of 3". */
export function placeOf(run: Interpolation, pair: number): string {
  const tours = run.summary.tours ?? [];
  return `${nameOf(run, pair)} of ${tours.length < 2 ? run.summary.pairs.length : tours[0]!.legs}`;
}
