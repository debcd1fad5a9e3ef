// Prints one sentence instead of a stack trace from the first write.
import { accessSync, constants } from 'node:fs';

/** Ends the process if the directory is not writable. */
export function failUnlessWritable(directory) {
  try {
    accessSync(directory, constants.W_OK);
  } catch (error) {
    process.stdout.write(`✖ ${directory} cannot be written to (${error.code}): use a checkout of your own.\n`);
    process.exit(1);
  }
}
