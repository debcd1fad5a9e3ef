/** Parses the challenges in the WWW-Authenticate headers of a 401. */

export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/*
 * WWW-Authenticate = challenge *( OWS "," OWS challenge )
 * challenge        = scheme [ 1*SP ( token68 / parameter *( OWS "," OWS parameter ) ) ]
 * parameter        = token BWS "=" BWS ( token / quoted-string )
 * RFC 9110, 11.6.1: commas separate both parameters and challenges, so a word without "=" after it starts a challenge.
 */
const word = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const quoted = /"((?:[^"\\]|\\.)*)"/sy;
const equals = /[ \t]*=[ \t]*/y;
const token68 = /[0-9A-Za-z._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const space = /[ \t,]*/y;

/** The challenges of all headers. A syntax error ends a header; the challenges before the error are kept. */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  return headers.flatMap((header) => parseHeader(header));
}

function parseHeader(text: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  const nextName = (): string | undefined => {
    take(space);
    return take(word)?.[0];
  };
  for (let name = nextName(); name !== undefined; name = nextName()) {
    const current = challenges.at(-1);
    if (current !== undefined && take(equals) !== null) {
      const value = take(quoted)?.[1]?.replaceAll(/\\(.)/gs, '$1') ?? take(word)?.[0];
      if (value === undefined) break;
      current.parameters.set(name.toLowerCase(), value);
    } else {
      challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
      if (take(/[ \t]+/y) !== null) take(token68);
    }
  }
  return challenges;
}
