/** Cells that are right although they differ from their column's rule, each with its reason. */

import type { Expectation, Fault } from './fault.ts';
import type { Protocol, RequestRow } from './protocol.ts';

export interface Exception {
  readonly protocol: string;
  /** The names of the requests. */
  readonly requests: readonly string[];
  /** Matches the whole name of a fault. */
  readonly faults: RegExp;
  readonly once?: Expectation;
  readonly always?: Expectation;
  /** Instead of the column's. */
  readonly cause?: RegExp;
  /** What may be left on the server. */
  readonly allows?: RegExp;
  readonly reason: string;
}

/** Refusals that no retry can change: by the server itself, or by a redirect that leads nowhere. */
const refusals = /4(?!08|25|29)\d\d|50 MB error|endless error|dripping refusal|C1 bytes in headers|redirect loop/;
const transient = /408|425|429|Retry-After: .*/;
/** The status arrives, and the rest does not. */
const cutAnswer = /half-closed in the answer|silent in the answer|dripping answer|length too long/;
const lostAnswer = new RegExp(`answer lost|two lengths|${cutAnswer.source}`);
const wrongBody =
  /HTML with 20\d|empty 200|204|broken JSON|deep JSON|200 MB of JSON|endless answer|gzip|length too short/;

/** Successes of a server that has done nothing. */
const unstored = /empty 200|204|broken JSON|deep JSON|200 MB of JSON/;

function either(...patterns: readonly (RegExp | string)[]): RegExp {
  const sources = patterns.map((pattern) => (typeof pattern === 'string' ? pattern : pattern.source));
  return new RegExp(`^(?:${sources.join('|')})$`);
}

/** The first that matches applies. */
const exceptions: readonly Exception[] = [
  {
    protocol: 'image',
    requests: ['PUT blob'],
    faults: either(lostAnswer),
    always: 'published',
    reason: 'asking for the blob shows that the registry has it',
  },
  {
    protocol: 'file',
    requests: ['POST'],
    faults: either('silent in the answer|dripping answer'),
    once: 'warned',
    always: 'warned',
    cause: /the file is in the listing/,
    reason: 'the listing shows what was stored: nothing is sent again',
  },
  {
    protocol: 'file',
    requests: ['DELETE'],
    faults: either('dripping answer'),
    always: 'published',
    reason: 'the server is asked whether the download is still there',
  },
  {
    protocol: 'image',
    requests: ['POST', 'PATCH', 'PUT blob', 'PUT manifest'],
    faults: either('silent in the answer|dripping answer'),
    always: 'published',
    reason: 'status and headers say everything, and the registry is asked for the blob and the tag',
  },
  {
    protocol: 'maven',
    requests: ['PUT metadata', 'PUT checksum', 'PUT its checksum'],
    faults: either('silent in the answer|dripping answer'),
    always: 'published',
    reason: 'the repository is asked for the file: nothing is sent again',
  },
  {
    protocol: 'file',
    requests: ['GET item', 'GET content'],
    faults: either('404'),
    always: 'warned',
    cause: /cannot be read yet/,
    reason: 'what was just uploaded may not be readable yet',
  },
  {
    protocol: 'file',
    requests: ['GET item'],
    faults: either(cutAnswer),
    always: 'published',
    reason: 'the body of a redirect does not matter',
  },
  {
    protocol: 'file',
    requests: ['GET content'],
    faults: either('dripping answer'),
    once: 'told',
    always: 'told',
    cause: /differ/,
    reason: 'content may take as long as bytes keep coming, and more than were sent are too many',
  },
  {
    protocol: 'file',
    requests: ['DELETE'],
    faults: either('404', '204'),
    always: 'published',
    allows: /reports success/,
    reason: 'the documented answers to a deletion, now or by another run: a later run deletes what stays',
  },
  {
    protocol: 'octopus',
    requests: ['GET signature'],
    faults: either(
      refusals,
      transient,
      lostAnswer,
      wrongBody,
      /5\d\d|redirect.*|half-closed|silent|reset (?:before|after) the body|endless headers|not HTTP|101/,
    ),
    always: 'published',
    reason: 'a delta only saves time: without a signature, the whole package is sent',
  },
  {
    protocol: 'octopus',
    requests: ['POST delta'],
    faults: either(
      refusals,
      /redirect.*|5(?!03)\d\d|HTML with 20\d|empty 200|broken JSON|deep JSON|200 MB of JSON|endless headers|not HTTP|101/,
      /half-closed|silent|reset (?:before|in|after) the body/,
    ),
    always: 'published',
    reason: 'a delta that fails is followed by the whole package, unless the server asks for patience',
  },
  {
    protocol: 'octopus',
    requests: ['POST delta'],
    faults: either(lostAnswer, /204|gzip|endless answer|length too short/),
    always: 'published',
    reason: 'the server is asked for the package, and has it',
  },
  {
    protocol: 'octopus',
    requests: ['GET package'],
    faults: either(
      /403|404|50 MB error|endless error|dripping refusal|C1 bytes in headers|endless answer|gzip|length too short/,
    ),
    always: 'published',
    reason: 'a 404 says that there is none, whatever its body, and after a 403 what exists is left to the server',
  },
  {
    protocol: 'octopus',
    requests: ['POST information'],
    faults: either(/stored, but .*/),
    once: 'told',
    always: 'told',
    reason: 'build information is not read back, so that a refusal counts, and the package is not sent without it',
  },
  {
    protocol: 'octopus, commits',
    requests: ['GET pipeline', 'GET pipelines', 'GET commits'],
    faults: either('.*'),
    once: 'published',
    always: 'published',
    reason: 'without the list of commits, build information names the commit at hand',
  },
  {
    protocol: 'npm',
    requests: ['GET before'],
    faults: either('404'),
    always: 'published',
    reason: 'there is no such package yet',
  },
  {
    protocol: 'npm',
    requests: ['GET before'],
    faults: either(refusals, wrongBody),
    always: 'warned',
    reason: 'a token may publish without being allowed to read: the registry itself refuses a version that exists',
  },
  {
    protocol: 'npm',
    requests: ['PUT'],
    faults: either(lostAnswer),
    always: 'published',
    reason: 'the second attempt finds what the first one stored',
  },
  {
    protocol: 'npm',
    requests: ['GET after'],
    faults: either('404'),
    always: 'warned',
    cause: /does not show it yet/,
    reason: 'the registry has confirmed the upload, and may show it later',
  },
  {
    protocol: 'npm',
    requests: ['GET after'],
    faults: either('200 MB of JSON|endless answer'),
    always: 'published',
    reason: 'instead of a description that is too large, that of the version alone is read',
  },
  {
    protocol: 'npm',
    requests: ['GET after'],
    faults: either(
      '(?!HTML with 200|empty 200|broken JSON|deep JSON|gzip|length too short|1xx|slow|redirect 30|redirect, other).*',
    ),
    always: 'warned',
    reason: 'the registry has confirmed the upload, and may show it later',
  },
  {
    protocol: 'npm --stage',
    requests: ['GET list before'],
    faults: either(refusals, 'HTML with 20\\d|empty 200|204|broken JSON|deep JSON|gzip|length too short'),
    always: 'warned',
    cause: /is staged without comparing/,
    reason: 'a token may stage without being allowed to list: the registry itself refuses a version that is staged',
  },
  {
    protocol: 'npm --stage',
    requests: ['POST'],
    faults: either(lostAnswer),
    always: 'published',
    reason: 'the second attempt finds what the first one staged',
  },
  {
    protocol: 'npm --stage',
    requests: ['GET list after'],
    faults: either('(?!1xx|slow|redirect 30|redirect, other).*'),
    always: 'warned',
    cause: /was staged, but could not be read back/,
    reason: 'the registry has given the identifier, and may show the version later',
  },
  {
    protocol: 'pypi',
    requests: ['GET before'],
    faults: either('404'),
    always: 'published',
    reason: 'there is no such project yet',
  },
  {
    protocol: 'pypi',
    requests: ['GET before'],
    faults: either('200 MB of JSON|endless answer'),
    always: 'warned',
    cause: /too large to read/,
    reason: 'a refusal is settled by what the index has',
  },
  {
    protocol: 'pypi',
    requests: ['GET before'],
    faults: either(refusals, wrongBody),
    always: 'warned',
    cause: /is published without comparing it first/,
    reason:
      'an index may not show its pages where the pipe looks, or not to this token: it refuses a file that exists itself',
  },
  {
    protocol: 'pypi',
    requests: ['POST'],
    faults: either(lostAnswer),
    always: 'published',
    reason: 'the second attempt finds what the first one stored',
  },
  {
    protocol: 'pypi',
    requests: ['POST'],
    faults: either('empty 200|broken JSON|deep JSON|200 MB of JSON'),
    always: 'warned',
    cause: /not yet shown by the index/,
    allows: /reports success/,
    reason: 'an index answers 200 and no more, and may show the file later',
  },
  {
    protocol: 'pypi',
    requests: ['GET after'],
    faults: either('404'),
    always: 'warned',
    cause: /not yet shown by the index/,
    reason: 'the index has confirmed the upload, and may show it later',
  },
  {
    protocol: 'pypi',
    requests: ['GET after'],
    faults: either('200 MB of JSON|endless answer'),
    always: 'warned',
    cause: /could not be read back: the page of .* is too large/,
    reason: 'the index has confirmed the upload',
  },
  {
    protocol: 'pypi',
    requests: ['GET after'],
    faults: either(
      '(?!HTML with 200|empty 200|broken JSON|deep JSON|gzip|length too short|1xx|slow|redirect loop|redirect 30|redirect, other).*',
    ),
    always: 'warned',
    reason: 'the index has confirmed the upload, and may show it later',
  },
  {
    protocol: 'image',
    requests: ['GET manifest'],
    faults: either(
      '40[0345]',
      '50 MB error|endless error|dripping refusal|C1 bytes in headers',
      '(?:empty|broken|deep) .*',
    ),
    always: 'published',
    reason: 'there is nothing to reuse, so everything is sent',
  },
  {
    protocol: 'image',
    requests: ['GET manifest'],
    faults: either('HTML with 200|gzip|length too short'),
    always: 'warned',
    cause: /tag v1 is not reused/,
    reason: 'what cannot be reused is sent',
  },
  {
    protocol: 'image',
    requests: ['GET blob'],
    faults: either('(?!401|403)[45]\\d\\d', transient, wrongBody, 'redirect loop|redirect to .*'),
    always: 'warned',
    cause: /tag v1 is not reused/,
    reason: 'what cannot be reused is sent',
  },
  {
    protocol: 'image',
    requests: ['HEAD blob'],
    faults: either('4(?!01|08|25|29)\\d\\d', 'C1 bytes in headers|redirect loop'),
    always: 'published',
    reason: 'a blob that may not be there is sent',
  },
  {
    protocol: 'image',
    requests: ['PATCH'],
    faults: either('405'),
    always: 'published',
    reason: 'the blob is sent by one PUT',
  },
  {
    protocol: 'image',
    requests: ['GET back'],
    faults: either('40[0345]', '50 MB error|endless error|dripping refusal|C1 bytes in headers'),
    always: 'published',
    reason: 'a 201 confirms the tag: an account may push without being allowed to read',
  },
  {
    protocol: 'maven',
    requests: ['GET metadata'],
    faults: either('404'),
    always: 'published',
    allows: /no longer listed/,
    reason: 'the repository says that there is no metadata yet',
  },
  {
    protocol: 'maven',
    requests: ['HEAD'],
    faults: either('40[01345]', 'C1 bytes in headers'),
    always: 'published',
    reason: 'a repository without HEAD is asked by GET',
  },
  {
    protocol: 'maven',
    requests: ['HEAD after'],
    faults: either('404'),
    always: 'warned',
    cause: /does not show it yet/,
    reason: 'a 201 confirms the file, which may be shown later',
  },
  {
    protocol: 'maven',
    requests: ['HEAD after'],
    faults: either(refusals, transient),
    always: 'published',
    reason: 'a 201 confirms the file: an account may write without being allowed to read',
  },
  {
    protocol: 'maven',
    requests: ['PUT artifact', 'PUT POM'],
    faults: either(cutAnswer),
    always: 'published',
    reason: 'the second attempt is refused, and finds what the first one stored',
  },
  {
    protocol: 'maven',
    requests: ['PUT checksum'],
    faults: either(unstored),
    always: 'published',
    reason: 'a missing checksum is not a wrong one, and the file itself is read back',
  },
  {
    protocol: 'maven',
    requests: ['GET back'],
    faults: either('404'),
    always: 'warned',
    cause: /cannot be read back/,
    reason: 'a repository may show its metadata later, or make it itself',
  },
  {
    protocol: 'maven',
    requests: ['PUT metadata'],
    faults: either(unstored),
    always: 'warned',
    cause: /still shows the earlier version/,
    allows: /reports success/,
    reason: 'a repository may show its metadata later, or make it itself',
  },
  {
    protocol: 'maven',
    requests: ['PUT metadata'],
    faults: either(lostAnswer),
    always: 'told',
    allows: /maven-metadata\.xml\.\w+ is wrong/,
    reason: 'a file and its checksums cannot be replaced in one step: the next run repairs them',
  },
  {
    protocol: 'maven',
    requests: ['PUT its checksum'],
    faults: either(unstored),
    always: 'published',
    allows: /maven-metadata\.xml\.\w+ is wrong/,
    reason: 'the repository says that it stored the checksum: the next run repairs it',
  },
  {
    protocol: 'maven',
    requests: ['PUT its checksum', 'GET back'],
    faults: either('.*'),
    allows: /maven-metadata\.xml\.\w+ is wrong/,
    reason: 'a file and its checksums cannot be replaced in one step: the next run repairs them',
  },
];

export function exceptionFor({ name }: Protocol, row: RequestRow, fault: Fault): Exception | undefined {
  return exceptions.find(
    ({ protocol, requests, faults }) => protocol === name && requests.includes(row.name) && faults.test(fault.name),
  );
}
