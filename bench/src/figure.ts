import type { Resources } from './resources.js';

/** What a figure promises: a value of at least, or of at most, so much. */
export interface Goal {
  kind: 'atLeast' | 'atMost';
  value: number;
}

/** One measured value: the median of several rounds, with the smallest and the largest of them. */
export interface Measurement {
  name: string;
  value: number;
  /** `x` for a ratio, else ms, s, MB, or a plural noun. */
  unit: string;
  /** Null for a value that is told but not promised. */
  goal: Goal | null;
  min: number;
  max: number;
  rounds: number;
  /** The numbers behind it, for people. */
  note: string;
}

export interface FigureContext {
  /** What the figure starts and makes; ended and removed when it is done or broken off. */
  resources: Resources;
  /** Tells a person who waits what is happening. */
  progress: (line: string) => void;
}

export interface Figure {
  name: string;
  /** One line for the list of names. */
  about: string;
  measure(context: FigureContext): Promise<Measurement[]>;
}

/** Whether the goal is met; a value without a goal meets it. */
export function meets({ value, goal }: Pick<Measurement, 'value' | 'goal'>): boolean {
  if (goal === null) return true;
  return goal.kind === 'atLeast' ? value >= goal.value : value <= goal.value;
}
