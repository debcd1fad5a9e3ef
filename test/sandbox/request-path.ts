/** The parts of a request's path. */
import { apiError, Refusal } from './answers.ts';

export function splitPath(path: string): { pathname: string; query: URLSearchParams } {
  const mark = path.indexOf('?');
  if (mark < 0) return { pathname: path, query: new URLSearchParams() };
  return { pathname: path.slice(0, mark), query: new URLSearchParams(path.slice(mark + 1)) };
}

export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Refusal(apiError(400, 'Bad Request'), 'the path is not UTF-8');
  }
}
