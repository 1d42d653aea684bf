import { processChecks } from "./process-checks.ts";

processChecks("sqlite");
processChecks("file");
