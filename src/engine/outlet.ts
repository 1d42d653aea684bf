import { Channel } from "../kernel/channel.ts";

/** Where the items of a generator go, one by one. */
export class Outlet {
  readonly channel: Channel<unknown> = new Channel();
  /** Whether any was handed out: from then on a failure cannot be tried again. */
  isUsed = false;
}
