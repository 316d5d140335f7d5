// What the reader is looking at: which pair, where on its path, and how that place is measured. Panels read
// it and are told when it changes.

export type Spacing = "time" | "arc";

export interface View {
  pair: number;
  position: number; // 0 to 1, in time or in share of the arc length
  hover: number | null; // a place pointed at; goes before `position` while it lasts
  spacing: Spacing;
  playing: boolean;
  speed: number;
}

type Listener = (view: View, changed: Set<keyof View>) => void;

export class Store {
  readonly view: View;
  private listeners: Listener[] = [];

  constructor(view: Partial<View> = {}) {
    this.view = { pair: 0, position: 0, hover: null, spacing: "time", playing: false, speed: 1, ...view };
  }

  /** The place that is shown. */
  get shown(): number {
    return this.view.hover ?? this.view.position;
  }

  update(change: Partial<View>): void {
    const changed = new Set<keyof View>();
    for (const key of Object.keys(change) as (keyof View)[]) if (this.view[key] !== change[key]) changed.add(key);
    if (changed.size === 0) return;
    Object.assign(this.view, change);
    for (const listener of this.listeners) listener(this.view, changed);
  }

  subscribe(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** Listens to some fields only. */
  on(keys: (keyof View)[], listener: () => void): void {
    this.subscribe((_, changed) => {
      if (keys.some((key) => changed.has(key))) listener();
    });
  }
}
