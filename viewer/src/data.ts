// What a report shows, as docs/report.md describes it. Everything but `kind` may be absent: a panel that
// lacks its data is not shown.

export type CurveId = "linear" | "spherical" | "path";
export const curveIds: CurveId[] = ["linear", "spherical", "path"];

export type Level = "good" | "fair" | "bad" | "note";
export interface Tile {
  value: string;
  label: string;
  note?: string;
}
/** Made by the library (run/verdict.h): the page shows it and judges nothing itself. */
export interface Verdict {
  level?: Level;
  headline: string;
  points: { topic: string; level: Level; text: string }[];
  tiles?: Tile[];
  against_line?: string; // cost against that of the straight line, "52 times less"
  gained?: boolean; // over the straight line
  attention?: number;
}

/** A number, or null for NaN and infinity, which JSON cannot hold. */
export type Value = number | null;
export type Figures = Record<string, Value | string | boolean | undefined>;
/** Of one pair: of each curve, and what legs of tours are called. */
export type PairFigures = Record<CurveId, Figures> & { name?: string };

export interface Common {
  kind: string;
  version?: string;
  verdict?: Verdict;
  settings?: Record<string, unknown>;
  command?: string;
  warnings?: string[];
  notes?: string[];
  convergence?: Convergence;
}

export interface Convergence {
  stages: string[];
  stage: number[];
  iteration: number[];
  cost: Value[];
  evaluations: number[];
  paths?: number[];
}

/** One curve of one pair, sampled at `Interpolation.times`. */
export interface Sampled {
  quality: Value[];
  speed: Value[]; // one less than times
  feature?: Value[];
  prior?: Value[];
  // From the summary, by curvesOf().
  density?: Value[]; // −log p(x)
  judge?: Value[]; // what the second classifier says
  image?: Value[]; // rank of the image among samples of the prior
  kept?: Value[]; // distance of the kept features to the nearer end's
  change?: Value[]; // change of the kept classes from the nearer end
  u?: Value[];
  v?: Value[];
  frames: number[]; // indices into times
  broken?: number[]; // frames whose pictures hold NaN
  vectors?: Value[][]; // a frame's output, where it is no picture
}

export interface Pair {
  verdict?: Verdict;
  basis?: number[]; // [2, D], orthonormal
  pictures?: string;
  columns?: number;
  points?: string;
  linear?: Sampled;
  spherical?: Sampled;
  path?: Sampled;
}

export interface Interpolation extends Common {
  kind: "interpolate";
  feature?: string;
  /** The time at which places have their values, where these depend on time. */
  values_at?: number;
  latent_dim: number;
  times: number[];
  normal_prior?: boolean;
  output?:
    | {
        type: "image";
        format: string;
        width: number;
        height: number;
        original_width: number;
        original_height: number;
      }
    | { type: "vector"; size: number };
  summary: { pairs: PairFigures[]; tours?: { legs: number }[]; [key: string]: unknown };
  pairs: Pair[];
  samples?: { count: number; latents: number[]; values: Value[] };
  heat_map?: { low: number; high: number; side: number; values: Value[] };
  points?: { dtype: "float32" | "float64"; nodes: number; times: number[] };
}

export type Point = number[];

export interface SceneCurve {
  name: string;
  role?: "path" | "linear" | "spherical" | "exact" | "other";
  points: Point[];
}

export interface Geodesic extends Common {
  kind: "geodesic";
  axes?: string[];
  figures?: (Figures & { name: string })[];
  /** A grid of points in space, row by row. */
  surface?: { rows: number; columns: number; points: Point[]; values?: Value[]; value_label?: string };
  /** A heat map under paths in the plane. */
  plane?: {
    x: [number, number];
    y: [number, number];
    rows: number;
    columns: number;
    values?: Value[];
    value_label?: string;
  };
  curves: SceneCurve[];
  stages?: { name: string; cost?: Value; points: Point[] }[];
}

export interface Measures extends Common {
  kind: "measures";
  axes?: string[];
  methods: {
    name: string;
    times: number[];
    points: Point[][]; // a list of points for each time
    weights?: number[][];
    figures?: Figures;
  }[];
}

export interface Evaluation extends Common {
  kind: "evaluate";
  metrics: { id: string; label: string; unit?: string; better?: "lower" | "higher"; log?: boolean }[];
  rows: {
    feature: string;
    method: string;
    pairs?: number;
    values: Record<string, { mean: Value; error?: Value; count?: number }>;
    profiles?: Record<string, { mean: Value[]; error?: Value[] }>;
  }[];
}

export interface MoleculeStep {
  smiles: string;
  given: boolean;
  partial: boolean;
  value: Value; // of the property that was sought
  predicted: Value;
  log_p: number;
  qed: number;
  sa: number;
  weight: number;
  tpsa: number;
  similarity_to_start: number;
  similarity_to_end: number;
  similarity_to_previous: number;
}

export interface MoleculePair {
  verdict: Level;
  from: string;
  to: string;
  drawing?: string; // a file of the run: SVG
  steps: MoleculeStep[];
}

export interface Molecules extends Common {
  kind: "molecules";
  property: string;
  summary: { pairs: { path?: { verdict_reasons?: Verdict["points"] } }[] };
  pairs: MoleculePair[];
}

export type Run = Interpolation | Geodesic | Measures | Evaluation | Molecules | (Common & { kind: "other" });

/** The run that the page carries, or a sentence that says what is wrong with it. */
export function readRun(): Run | string {
  const element = document.getElementById("latentpath-data");
  if (!element) return "This page carries no run: it is the empty template.";
  try {
    const data = JSON.parse(element.textContent ?? "") as Run;
    if (!data || typeof data !== "object" || typeof data.kind !== "string") return "The data in this page are not those of a run.";
    return data;
  } catch {
    return "The data in this page are cut short or damaged.";
  }
}

/** A file of the run, base 64. */
export function embeddedFile(name: string | undefined): string | undefined {
  return name ? document.getElementById(`file:${name}`)?.textContent ?? undefined : undefined;
}

export function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
