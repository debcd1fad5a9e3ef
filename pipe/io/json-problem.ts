/** What keeps a text from being JSON, without the part of the text that the parser quotes: it may hold a part of a secret. */

/** @param error of `JSON.parse`, such as `Unexpected token '<', "<html><hea"... is not valid JSON` */
export function jsonProblem(error: unknown): SyntaxError {
  const message = error instanceof Error ? error.message : String(error);
  return new SyntaxError(message.replace(/, (?:\.\.\.)?"[^]*$/, ''));
}
