import type { Pace } from "./pace.ts";

/** Something that was last used at a moment. */
export interface Used {
  readonly lastUse: number;
}

/**
 * The things of many that were not used for the longest time: `capacity` of them at most, whatever the number of those that are offered.
 *
 * A heap whose root is the one among them that was used last: it makes room for an older one.
 */
export class LeastRecent<T extends Used> {
  readonly #capacity: number;
  readonly #heap: T[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Whether there is room for something of this last use. */
  accepts(lastUse: number): boolean {
    return this.#heap.length < this.#capacity || (this.#heap.length > 0 && lastUse < this.#heap[0]!.lastUse);
  }

  offer(item: T): void {
    if (this.#heap.length < this.#capacity) this.#rise(this.#heap.push(item) - 1);
    else if (this.accepts(item.lastUse)) {
      this.#heap[0] = item;
      this.#sink();
    }
  }

  /** Takes all of them, in the order of their last use, the oldest first. */
  async drain(pace: Pace): Promise<readonly T[]> {
    const sorted = new Array<T>(this.#heap.length);
    for (let i = sorted.length - 1; i >= 0; i--) {
      sorted[i] = this.#takeLatest();
      await pace.turn();
    }
    return sorted;
  }

  #takeLatest(): T {
    const [latest] = this.#heap;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    return latest!;
  }

  #rise(index: number): void {
    const heap = this.#heap;
    for (let i = index; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.lastUse >= heap[i]!.lastUse) return;
      [heap[parent], heap[i]] = [heap[i]!, heap[parent]!];
      i = parent;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    for (let i = 0; ; ) {
      let latest = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && heap[child]!.lastUse > heap[latest]!.lastUse) latest = child;
      if (latest === i) return;
      [heap[latest], heap[i]] = [heap[i]!, heap[latest]!];
      i = latest;
    }
  }
}
