import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["src/**/*.test.ts", "tests/**/*.test.ts", "examples/**/*.test.ts"],
    globalSetup: ["tests/services/global-setup.ts"],
    setupFiles: ["tests/setup.ts"],
    reporters: ["default", "./scripts/summary-reporter.ts"],
    // A process for each test file: the environment, the working folder and open databases stay its own.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/**/*.test.ts", "src/testing/**"],
      reporter: ["text-summary", "html", "json-summary"],
    },
  },
});

export default config;
