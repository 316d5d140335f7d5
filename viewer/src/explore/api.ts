// What the page and the program say to each other (docs/explore.md): requests, and messages as they come.

import type { Interpolation, Value } from "../data";

export type EndSpec = string | number[]; // seed:23, or coordinates

export interface Question {
  from: EndSpec;
  to: EndSpec;
  favor: string[];
  avoid: string[];
  odds: number;
  sharpness: number;
}

/** Points of a path, decoded. */
export interface Frames {
  count: number;
  times: number[];
  latents: number[][];
  values?: Value[];
  picture?: string; // a data: address
  columns?: number;
  width?: number;
  height?: number;
  vectors?: Value[][];
}

export interface State {
  version: string;
  decoder: string;
  classifier?: string;
  classes: string[];
  latent_dim: number;
  images: boolean;
  from: string;
  to: string;
  favor: string[];
  avoid: string[];
  odds: number;
  sharpness: number;
  out: string;
  normal_prior: boolean;
  cloud: number[][];
  mean?: number[];
  axes?: number[][];
}

export interface Samples {
  ends: string[];
  frames: Frames;
}

export interface Answer {
  number: number;
  report: Interpolation;
  files: Record<string, string>;
  command: string;
  seconds: number;
}

export interface Events {
  line: { number: number; frames: Frames; seconds: number };
  path: { number: number; frames: Frames; seconds: number; stage: string; segments: number; paths: number; cost?: number };
  found: { number: number; frames: Frames; seconds: number };
  answer: Answer;
  exporting: { number: number; folder: string };
  exported: { number: number; folder: string; command: string };
  failed: { number: number; sentence: string; export: boolean };
}

async function request<T>(path: string, body?: unknown): Promise<T> {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, body === undefined ? {} : post);
  const answer = (await response.json()) as T & { error?: string };
  if (!response.ok) throw new Error(answer.error ?? `The program answers ${response.status}.`);
  return answer;
}

export const readState = () => request<State>("state");
export const readSamples = (first: number, count: number) => request<Samples>("samples", { first, count });

/** The program's messages, and what is asked of it; a page that lost it joins again by itself. */
export class Connection {
  private client = 0;
  private source: EventSource;

  constructor(
    private joined: () => void,
    private lost: (final: boolean) => void,
  ) {
    this.source = new EventSource("messages");
    this.source.addEventListener("hello", (event) => {
      this.client = (JSON.parse((event as MessageEvent<string>).data) as { client: number }).client;
      this.joined();
    });
    this.source.addEventListener("error", () => {
      this.client = 0;
      this.lost(this.source.readyState === EventSource.CLOSED);
    });
  }

  on<K extends keyof Events>(event: K, listener: (data: Events[K]) => void): void {
    this.source.addEventListener(event, (message) => listener(JSON.parse((message as MessageEvent<string>).data) as Events[K]));
  }

  get connected(): boolean {
    return this.client > 0;
  }

  ask(number: number, question: Question): Promise<unknown> {
    return request("ask", { client: this.client, number, ...question });
  }

  export(number: number, question: Question, name: string): Promise<unknown> {
    return request("export", { client: this.client, number, ...question, name });
  }
}
