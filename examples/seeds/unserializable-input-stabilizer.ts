// A class of somebody else cannot be given a method, but a stabilizer: what counts of it for cache keys.
import { EventEmitter } from "node:events";
import { flow, INPUTS, registerStabilizer, RUN_ID, task } from "oxbow";

class Connection extends EventEmitter {
  readonly url: string;
  #open = true;

  constructor(url: string) {
    super();
    this.url = url;
  }

  query(text: string): string {
    return this.#open ? `${text} at ${this.url}` : "closed";
  }
}

registerStabilizer(Connection, (connection) => connection.url);

const ask = task("ask", { cachePolicy: INPUTS.and(RUN_ID) }, (connection: Connection, text: string) =>
  connection.query(text),
);

const demoFlow = flow("demo-flow", async () => {
  for (const url of ["db://one", "db://one", "db://two"]) {
    const state = await ask.run(new Connection(url), "count");
    console.log(`${url}: ${state.name} ${state.result()}`);
  }
});

await demoFlow();
