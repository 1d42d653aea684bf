import { describe, expect, it } from "vitest";
import { GroupCommit } from "./group-commit.ts";

describe("GroupCommit", () => {
  it("does what arrives in one turn in one transaction, and what arrives meanwhile in the next", async () => {
    const groups: number[] = [];
    const group = new GroupCommit<string>(async (work) => {
      const results = work("connection");
      groups.push(results.length);
      return results;
    });
    const first = [1, 2, 3].map((n) => group.add((connection) => `${connection} ${n}`));
    const later = first[0]!.then(() => Promise.all([4, 5].map((n) => group.add(() => n))));
    expect(await Promise.all(first)).toEqual(["connection 1", "connection 2", "connection 3"]);
    expect(await later).toEqual([4, 5]);
    expect(groups).toEqual([3, 2]);
  });

  it("lets only that work fail which fails alone too", async () => {
    const group = new GroupCommit<undefined>((work) => work(undefined));
    const results = await Promise.allSettled([
      group.add(() => 1),
      group.add(() => JSON.parse("{") as number),
      group.add(() => 3),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await group.add(() => 4)).toBe(4);
  });
});
