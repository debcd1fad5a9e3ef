// One sentence instead of the stack trace of whatever writes first.
import { accessSync, constants } from 'node:fs';

/** Ends the process if nothing can be written to the directory. */
export function failUnlessWritable(directory) {
  try {
    accessSync(directory, constants.W_OK);
  } catch (error) {
    process.stdout.write(`✖ ${directory} cannot be written to (${error.code}): use a checkout of your own.\n`);
    process.exit(1);
  }
}
