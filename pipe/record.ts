/** Records the outcome of a run in the result files. */

import { InputError, messageOf } from './errors.ts';
import { readNamedFiles } from './read-settings.ts';
import type { Environment } from './toolkit/environment.ts';
import { fileSystemAdvice } from './toolkit/file-system-advice.ts';
import { beginResults } from './toolkit/results.ts';
import type { Secrets } from './toolkit/scrub.ts';
import type { Output } from './toolkit/stdout.ts';

/** The fields of the result that only the destination knows. */
export interface ResultFields {
  readonly items: readonly unknown[];
  readonly [field: string]: unknown;
}

/** The result files of one run. */
export interface RunRecord {
  /** @throws InputError if the file that the user names cannot be used */
  readonly checkOutput: () => void;
  /** Writes the result. A file that cannot be written is a warning. @param error of a run that failed */
  readonly end: (fields: ResultFields, error: unknown) => Promise<void>;
}

/** Replaces the results of an earlier run by one that says that the run has not ended. */
export async function beginRecord(
  env: Environment,
  workingDirectory: string,
  secrets: Secrets,
  output: Output,
): Promise<RunRecord> {
  const startedAt = performance.now();
  const { outputPath, inputs } = await readNamedFiles(env);
  const results = await beginResults(env, { outputPath, inputs, workingDirectory, scrub: secrets.scrubValue });
  return {
    checkOutput() {
      const { problem: cause } = results;
      if (cause !== undefined)
        throw new InputError(`--output ${outputPath} cannot be written, and nothing was sent: ${cause.message}`, {
          cause,
          advice:
            fileSystemAdvice(cause) ??
            'Correct --output in EXTRA_ARGS: a file that is not published, in a directory that can be written to.',
        });
    },
    async end(fields, error) {
      const seconds = Math.round(performance.now() - startedAt) / 1000;
      // A message is for people, so it is masked like the log, pieces of secrets included.
      const failure = error === undefined ? {} : { error: secrets.scrub(messageOf(error)) };
      const warnings = await results.write({ ...fields, seconds, ...failure });
      for (const warning of warnings) output.line(`WARNING: ${warning}`, 'yellow');
    },
  };
}
