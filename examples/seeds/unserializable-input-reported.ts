// An input that cannot be part of a key is never left out in silence: the task runs without the cache, and a warning
// names the input and the ways out.
import { INPUTS, task } from "oxbow";

interface Client {
  readonly baseUrl: string;
  readonly send: (path: string) => string;
}

const fetchPage = task("fetch-page", { cachePolicy: INPUTS }, (client: Client, path: string) => client.send(path));

const client: Client = { baseUrl: "https://example.org", send: (path) => `page ${path}` };

const state = await fetchPage.run(client, "/home");
console.log(`${state.name} ${state.result()}, ${state.decision?.outcome}`);

const cached = fetchPage.withOptions({ cachePolicy: INPUTS.omit("client") });
console.log((await cached.run(client, "/home")).name);
console.log((await cached.run(client, "/home")).name);
