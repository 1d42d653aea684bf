/*
 * DESIGN: servers for the tests, started when the first test asks for one.
 *
 * What it does: vitest's own process hands them out to the processes of the test files, over HTTP on the loopback. A run that needs none
 * starts none.
 * What it promises: one server of a kind for the whole run; it goes with the run, however that ends (server-process.ts). A server
 * that cannot be had is said so in the end, in plain words.
 * What the caller must do: use services.ts, and keep to tables, schemas or key prefixes of the test file's own.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { type Kind, kinds, type Obtained, obtain } from "./obtain.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where test files ask for servers: `<this>/postgres`, `<this>/redis`. */
    readonly services: string;
  }
}

export default async function setup({ provide }: Pick<TestProject, "provide">): Promise<() => Promise<void>> {
  const asked = new Map<Kind, Promise<Obtained>>();
  const server = createServer((request, response) => {
    const kind = request.url!.slice(1) as Kind;
    const one = asked.get(kind) ?? obtain(kind);
    asked.set(kind, one);
    void one.then((found) => response.end(JSON.stringify(found)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  provide("services", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  return async () => {
    server.close();
    server.closeAllConnections();
    for (const [kind, promise] of asked) {
      const found = await promise;
      await found.stop();
      if ("missing" in found) explain(kind, found.missing);
    }
  };
}

function explain(kind: Kind, reason: string): void {
  const { title, variable } = kinds[kind];
  console.log(`\nThe tests that need ${title} were skipped: ${reason}`);
  console.log(`  hint: set ${variable} to the address of one that runs already; its data may be overwritten`);
}
