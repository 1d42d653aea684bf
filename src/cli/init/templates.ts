/* The files of a project to begin with. */
import { packageVersion } from "../package.ts";

/** The files by their paths. @param name of the package */
export function starterFiles(name: string): ReadonlyMap<string, string> {
  return new Map([
    ["package.json", manifest(name)],
    ["hello.ts", flowFile],
    ["tsconfig.json", tsconfig],
    [".gitignore", "node_modules/\n.env\n"],
  ]);
}

function manifest(name: string): string {
  return json({
    name,
    version: "0.0.0",
    private: true,
    type: "module",
    scripts: { start: "oxbow run hello.ts", plan: "oxbow run hello.ts --plan", types: "tsc" },
    engines: { node: ">=22.13" },
    dependencies: { oxbow: `^${packageVersion()}` },
    devDependencies: { "@types/node": "^24.0.0", typescript: "^6.0.0" },
  });
}

const flowFile = `import { flow, INPUTS, TASK_SOURCE, task } from "oxbow";

// The length of a name is computed once: run it again, and it comes from the cache.
const measure = task("measure", { cachePolicy: INPUTS.and(TASK_SOURCE), persistResult: true }, async (name: string) => {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return name.length;
});

export const hello = flow("hello", async (names: string[] = ["Ada", "Grace", "Barbara"]) => {
  const lengths = await measure.map(names);
  return names.map((name, index) => \`Hello \${name}, your name has \${lengths[index]} letters\`);
});
`;

const tsconfig = json({
  compilerOptions: {
    target: "es2023",
    module: "nodenext",
    types: ["node"],
    strict: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  },
});

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
