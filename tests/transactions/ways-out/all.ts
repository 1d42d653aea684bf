import { attempts } from "./attempts.ts";
import { byHand } from "./by-hand.ts";
import { cuts } from "./cuts.ts";
import { ends } from "./ends.ts";
import { nested } from "./nested.ts";
import { troubles } from "./troubles.ts";
import type { WayOut } from "./way.ts";

/** Every way out within a process. */
export const waysOut: readonly WayOut[] = [
  ...ends,
  ...byHand,
  ...nested("LAZY"),
  ...nested("EAGER"),
  ...nested("OFF"),
  ...attempts,
  ...cuts,
  ...troubles,
];
