import { ConfigurationError } from "../../kernel/errors.ts";
import type { RedisClient, RedisOptions } from "./server.ts";

/** Where a URL leads, without what is secret in it. What is wrong with it is said without showing it, for the same reason. */
export function locationOfUrl(text: string, who: string): string {
  const location = locationOf(text);
  if (location === undefined) {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: the server is not a URL of a Redis`, {
      hint: 'write "redis://host:6379" or "rediss://user:password@host:6379/0", special characters of the password as %40 and so on',
    });
  }
  return location;
}

function locationOf(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["redis:", "rediss:"].includes(url.protocol)) return undefined;
  // Of a password with a slash in it the rest is taken for the path.
  return `${url.protocol}//${url.host || "127.0.0.1"}${/^\/\d+$/.test(url.pathname) ? url.pathname : ""}`;
}

/** Where options of ioredis lead. */
export function locationOfOptions(options: RedisOptions): string {
  const { host = "127.0.0.1", port = 6379, path, db = 0, tls, sentinels, name } = options;
  const database = db === 0 ? "" : `/${db}`;
  if (path) return `redis+unix://${path}${db === 0 ? "" : `?db=${db}`}`;
  if (sentinels)
    return `redis+sentinel://${sentinels.map((one) => `${one.host}:${one.port}`).join(",")}/${name ?? ""}${database}`;
  return `${tls ? "rediss" : "redis"}://${host.includes(":") ? `[${host}]` : host}:${port}${database}`;
}

let unknown = 0;

/** Where a client of the caller's own leads, as far as it says so; what is not known is no other's place. */
export function locationOfClient(client: RedisClient): string {
  const { options, isCluster } = client as { readonly options?: unknown; readonly isCluster?: unknown };
  if (isCluster === true) return `redis cluster (client ${(unknown += 1)})`;
  if (typeof options !== "object" || options === null) return `redis (client ${(unknown += 1)})`;
  // node-redis keeps the address in `socket`, or the URL that it was given.
  const { socket, url, database } = options as {
    readonly socket?: object;
    readonly url?: string;
    readonly database?: number;
  };
  if (typeof url === "string") return locationOf(url) ?? `redis (client ${(unknown += 1)})`;
  return locationOfOptions({ ...(socket ?? options), ...(database === undefined ? {} : { db: database }) });
}
