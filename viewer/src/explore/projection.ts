// How latents of any size are seen in a plane, and how a point is moved in it.

export type View = "ends" | "principal" | "coordinates";

export interface Basis {
  origin: number[];
  u: number[]; // orthonormal
  v: number[];
  xLabel: string;
  yLabel: string;
}

const dot = (a: number[], b: number[]) => a.reduce((sum, each, i) => sum + each * (b[i] ?? 0), 0);
const norm = (a: number[]) => Math.sqrt(dot(a, a));
const scaled = (a: number[], by: number) => a.map((each) => each * by);
const minus = (a: number[], b: number[]) => a.map((each, i) => each - (b[i] ?? 0));
const unit = (dim: number, axis: number) => Array.from({ length: dim }, (_, i) => (i === axis ? 1 : 0));

/** The plane of both ends and the origin, as in reports; where they span none, a coordinate lends a direction. */
export function endsBasis(start: number[], end: number[]): Basis {
  const dim = start.length;
  const size = Math.max(norm(start), norm(end));
  const first = norm(start) > 1e-6 * size && size > 0 ? start : size > 0 ? end : unit(dim, 0);
  const u = scaled(first, 1 / norm(first));
  const rest = (z: number[]) => minus(z, scaled(u, dot(z, u)));
  let second = rest(end);
  for (let axis = 0; norm(second) <= 1e-6 * Math.max(size, 1e-9) && axis < dim; ++axis) second = rest(unit(dim, axis));
  return { origin: scaled(start, 0), u, v: scaled(second, 1 / norm(second)), xLabel: "along the start z₀", yLabel: "across it, towards the end z₁" };
}

export function principalBasis(mean: number[], axes: number[][]): Basis {
  return { origin: mean, u: axes[0]!, v: axes[1]!, xLabel: "first principal component", yLabel: "second principal component" };
}

export function coordinateBasis(dim: number, i: number, j: number): Basis {
  return { origin: scaled(unit(dim, i), 0), u: unit(dim, i), v: unit(dim, j), xLabel: `latent ${i + 1}`, yLabel: `latent ${j + 1}` };
}

export function project(basis: Basis, z: number[]): { x: number; y: number } {
  const away = minus(z, basis.origin);
  return { x: dot(away, basis.u), y: dot(away, basis.v) };
}

/** The point that lies elsewhere in the plane, and otherwise where it was; to four decimals. */
export function moved(basis: Basis, z: number[], to: { x: number; y: number }): number[] {
  const from = project(basis, z);
  return z.map((each, i) => Math.round((each + (to.x - from.x) * basis.u[i]! + (to.y - from.y) * basis.v[i]!) * 1e4) / 1e4);
}
