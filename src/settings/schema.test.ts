import { describe, expect, expectTypeOf, it } from "vitest";
import { parseValue } from "./parse.ts";
import {
  declarations,
  envNameOf,
  settingByEnvName,
  settingNames,
  type Settings,
  type SettingsOverrides,
} from "./schema.ts";

describe("schema", () => {
  it.each(settingNames)("declares a default for %s that its own parser accepts", (name) => {
    const declaration = declarations[name];
    if (declaration.default === undefined) return;
    expect(parseValue(declaration, declaration.default, { base: "/", home: "/home" })).toBeDefined();
  });

  it.each(settingNames)("describes %s in one sentence", (name) => {
    expect(declarations[name].description).toMatch(/^[A-Z][^.]*(\.toml[^.]*)?\.$/);
  });

  it("names environment variables by the path of the setting", () => {
    expect(envNameOf("results.persistByDefault")).toBe("OXBOW_RESULTS_PERSIST_BY_DEFAULT");
    expect(envNameOf("home")).toBe("OXBOW_HOME");
    expect(settingByEnvName.size).toBe(settingNames.length);
  });

  it("gives settings their types", () => {
    expectTypeOf<Settings["tasks"]["refreshCache"]>().toEqualTypeOf<boolean>();
    expectTypeOf<Settings["tasks"]["defaultPersistResult"]>().toEqualTypeOf<boolean | undefined>();
    expectTypeOf<Settings["results"]["memoryBytes"]>().toEqualTypeOf<number>();
    expectTypeOf<Settings["logging"]["level"]>().toEqualTypeOf<"debug" | "info" | "warn" | "error" | "off">();
    expectTypeOf<Settings["tasks"]["defaultRetryDelay"]>().toEqualTypeOf<(failures: number) => number>();
    expectTypeOf<Settings["home"]>().toEqualTypeOf<string>();
    expectTypeOf<{
      tasks: { defaultRetryDelay: ["1s", "2s"] };
      results: { memoryBytes: "1GB" };
    }>().toExtend<SettingsOverrides>();
    expectTypeOf<{ tasks: { concurrency: "5" } }>().not.toExtend<SettingsOverrides>();
  });
});
