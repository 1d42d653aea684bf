/* Going on with a flow run of the history, in this process; giving the answers that it waits for. */
import { resumeFlowRun, type ResumeOptions } from "../../authoring/resume.ts";
import type { FlowRunRow, Question, RunStore } from "../../history/run-store.ts";
import { misuse } from "../output.ts";
import { follow } from "../run/follow.ts";
import { jsonOrText } from "../run/parameters.ts";
import type { Terminal } from "../terminal.ts";
import { findAgain } from "./going-on.ts";

/** Goes on with a flow run. @param file where its flow is, if not where it was @returns the exit code */
export async function goOn(
  { id, flowName, file: known }: FlowRunRow,
  file: string | undefined,
  { from, parameters, answers }: { readonly [K in keyof ResumeOptions]?: ResumeOptions[K] | undefined },
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  const found = await findAgain({ kind: "flow", name: flowName, given: file, known }, terminal);
  if (typeof found === "number") return found;
  if (found.kind !== "flow") throw misuse(`"${flowName}" is a task`);
  const options: ResumeOptions = {
    ...(from !== undefined && { from }),
    ...(parameters && { parameters }),
    ...(answers && { answers }),
  };
  const call = (): ReturnType<typeof resumeFlowRun> => resumeFlowRun(found.flow, id, options);
  return follow(call, { title: `Flow "${flowName}"`, json }, terminal);
}

/** What is answered, and how. */
export interface Answer {
  /** JSON, or else text. */
  readonly input?: string | undefined;
  /** Which question. */
  readonly question?: string | undefined;
}

/** What answers the questions that a run waits for, by their names. @throws {ConfigurationError} where it is not clear what is answered */
export async function answersTo(
  store: RunStore,
  { id, name }: FlowRunRow,
  { input, question }: Answer,
): Promise<Readonly<Record<string, unknown>>> {
  const waiting = (await store.questions.list(id)).filter(({ answer }) => answer === undefined);
  const meant = question === undefined ? waiting : waiting.filter((each) => each.name === question);
  if (question !== undefined && meant.length === 0) {
    throw misuse(
      `${name} does not ask "${question}"`,
      waiting.length > 0 ? `it asks ${listed(waiting)}` : "it asks nothing",
    );
  }
  if (input !== undefined && meant.length === 0) throw misuse(`${name} asks nothing that could be answered`);
  if (input !== undefined && meant.length > 1)
    throw misuse(`${name} asks ${meant.length} questions`, `say --question, one of ${listed(meant)}`);
  const answer = input === undefined ? true : jsonOrText(input);
  return Object.fromEntries(meant.map((each) => [each.name, answer]));
}

function listed(questions: readonly Question[]): string {
  return questions.map(({ name, text }) => `"${name}" (${text})`).join(", ");
}
