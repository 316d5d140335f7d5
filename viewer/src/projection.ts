// Points in space to the screen: an orbit around the middle of a scene, seen from afar (orthographic).

import type { Point } from "./data";

export interface Orbit {
  turn: number; // around the vertical axis, in radians
  tilt: number; // from above (π/2) to level (0)
  zoom: number;
}

export interface Projected {
  x: number;
  y: number;
  depth: number; // larger is nearer
}

export class Projection {
  private readonly sines: [number, number, number, number];

  constructor(
    orbit: Orbit,
    private readonly middle: Point,
    private readonly scale: number,
    private readonly centre: [number, number],
  ) {
    this.sines = [Math.sin(orbit.turn), Math.cos(orbit.turn), Math.sin(orbit.tilt), Math.cos(orbit.tilt)];
  }

  apply(point: Point): Projected {
    const [sinTurn, cosTurn, sinTilt, cosTilt] = this.sines;
    const [x, y, z] = [0, 1, 2].map((k) => (point[k] ?? 0) - (this.middle[k] ?? 0)) as [number, number, number];
    const right = cosTurn * x + sinTurn * y;
    const forth = -sinTurn * x + cosTurn * y;
    return {
      x: this.centre[0] + this.scale * right,
      y: this.centre[1] - this.scale * (cosTilt * z + sinTilt * forth),
      depth: sinTilt * z - cosTilt * forth,
    };
  }
}

/** The box around all points, per coordinate. */
export function bounds(points: Point[]): { low: number[]; high: number[] } {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (const point of points)
    for (let k = 0; k < 3; ++k) {
      const value = point[k] ?? 0;
      if (!Number.isFinite(value)) continue;
      low[k] = Math.min(low[k]!, value);
      high[k] = Math.max(high[k]!, value);
    }
  return { low, high };
}
