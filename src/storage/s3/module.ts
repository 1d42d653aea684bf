import { createRequire } from "node:module";
import type * as sdk from "@aws-sdk/client-s3";
import { OxbowError } from "../../kernel/errors.ts";

/** The package `@aws-sdk/client-s3`. */
export type S3Sdk = typeof sdk;

/**
 * Says so where a driver is made, not at the first request.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package is not installed
 */
export function checkS3Sdk(who: string): void {
  try {
    createRequire(import.meta.url).resolve("@aws-sdk/client-s3");
  } catch (cause) {
    throw new OxbowError(
      "OXBOW_DRIVER_MISSING",
      `${who} needs the package @aws-sdk/client-s3, which is not installed`,
      {
        cause,
        hint: "npm install @aws-sdk/client-s3",
      },
    );
  }
}

/** The package, loaded by the first request: importing a driver costs nothing of it. */
export function loadS3Sdk(): Promise<S3Sdk> {
  return import("@aws-sdk/client-s3");
}
