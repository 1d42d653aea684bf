import { describe, expect, it } from "vitest";
import { Channel } from "./channel.ts";

describe("a channel", () => {
  it("lets the pusher wait until the item has been dealt with", async () => {
    const channel = new Channel<number>();
    const log: string[] = [];
    const pushing = (async () => {
      for (const n of [1, 2]) {
        const taken = await channel.push(n);
        log.push(`pushed ${n} ${taken}`);
      }
      channel.close();
    })();
    for await (const item of channel) log.push(`got ${item}`);
    await pushing;
    expect(log).toEqual(["got 1", "pushed 1 true", "got 2", "pushed 2 true"]);
  });

  it("tells the pusher that nobody wants more", async () => {
    const channel = new Channel<number>();
    const first = channel.push(1);
    for await (const _ of channel) break;
    expect(await first).toBe(false);
    expect(await channel.push(2)).toBe(false);
    expect(channel.isClosed).toBe(true);
  });

  it("ends with the error, once", async () => {
    const channel = new Channel<number>();
    const waiting = channel.next();
    channel.fail(new Error("broken"));
    channel.close();
    await expect(waiting).rejects.toThrow("broken");
    expect(await channel.next()).toEqual({ value: undefined, done: true });
    const later = new Channel<number>();
    later.fail(new Error("broken before"));
    await expect(later.next()).rejects.toThrow("broken before");
  });
});
