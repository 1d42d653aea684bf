import type { Check } from "./check.ts";
import { caching } from "./checks/caching.ts";
import { clock } from "./checks/clock.ts";
import { clockSkew } from "./checks/clock-skew.ts";
import { drivers } from "./checks/drivers.ts";
import { endpoints } from "./checks/endpoints.ts";
import { folders } from "./checks/folders.ts";
import { history } from "./checks/history.ts";
import { keys } from "./checks/keys.ts";
import { locks } from "./checks/locks.ts";
import { runtime } from "./checks/runtime.ts";
import { serializer } from "./checks/serializer.ts";
import { settings } from "./checks/settings.ts";
import { storage } from "./checks/storage.ts";

/** All checks: what others need comes before them, so that the first finding is the one to repair. */
export const roster: readonly Check[] = [
  runtime,
  settings,
  folders,
  drivers,
  endpoints,
  storage,
  locks,
  history,
  clock,
  clockSkew,
  serializer,
  caching,
  keys,
];
