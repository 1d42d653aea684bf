// Caching needs stored results, which is off by default. One setting turns it on for every task; the environment does
// it too: OXBOW_RESULTS_PERSIST_BY_DEFAULT=true node examples/seeds/persist-everything.ts
import { flow, task, withSettings } from "oxbow";

const lookUp = task("look-up", (word: string) => {
  console.log(`looking up "${word}"`);
  return word.length;
});

const lookUpTwice = flow("look-up-twice", async (word: string) => {
  await lookUp(word);
  await lookUp(word);
});

await lookUpTwice("as it is");
await withSettings({ results: { persistByDefault: true } }, () => lookUpTwice("with the setting"));
