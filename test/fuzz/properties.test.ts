/** What holds for every input: what is written is read back the same, and what is printed is printable. */

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parse as parseYaml } from 'yaml';
import { addVersion, emptyMetadata, formatMetadata, parseMetadata } from '../../pipe/destinations/maven/metadata.ts';
import { fileForm, needsEscaping } from '../../pipe/http/multipart.ts';
import { PipeError } from '../../pipe/errors.ts';
import { parseRetryAfterMs } from '../../pipe/http/retry.ts';
import { bytesBody } from '../../pipe/io/body.ts';
import { expandBraces } from '../../pipe/io/braces.ts';
import { formatReference, parseReference } from '../../pipe/oci/registry/reference.ts';
import { parseChallenges } from '../../pipe/oci/registry/challenge.ts';
import { readArray } from '../../pipe/toolkit/environment.ts';
import { Problems } from '../../pipe/toolkit/problems.ts';
import { createOutput, printable } from '../../pipe/toolkit/stdout.ts';
import { multipartBoundary, MultipartParser } from '../sandbox/multipart-parser.ts';
import { arrayVariables } from '../run-pipe.ts';
import { readAll } from './read-all.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const runs = { seed, numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };
const text = fc.string({ unit: 'binary', maxLength: 60 });
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

async function check<T>(input: fc.Arbitrary<T>, holds: (value: T) => unknown): Promise<void> {
  await fc.assert(
    fc.asyncProperty(input, async (value) => {
      await holds(value);
    }),
    runs,
  );
}

describe('output', () => {
  it('is one printable line for each line, and only the verdict begins with its mark', async () => {
    await check(fc.array(text, { minLength: 1, maxLength: 4 }), (lines) => {
      let written = '';
      const output = createOutput({ write: (chunk) => (written += chunk) }, (each) => each, false);
      for (const line of lines) output.line(line);
      output.verdict(false, lines);
      const printed = written.split('\n');
      expect(printed).toHaveLength(2 * lines.length + 1);
      expect(printed.filter((line) => unprintable.test(line))).toEqual([]);
      expect(printed.filter((line) => /^\s*[✔✖]/.test(line))).toHaveLength(1);
    });
  });

  it('shows a name so that it can be read back', async () => {
    await check(text, (name) => {
      const shown = printable(name);
      expect(unprintable.test(shown) ? name : shown === name || JSON.parse(shown) === name).toBe(true);
    });
  });

  it('keeps the lines of an error', async () => {
    await check(fc.array(text, { minLength: 1, maxLength: 4 }), (lines) => {
      expect(new PipeError(lines).message.split('\n')).toHaveLength(lines.length);
    });
  });

  it('of validation errors is YAML that means the same', async () => {
    await check(
      fc.uniqueArray(
        text.map((each) => each.toWellFormed()),
        { minLength: 1 },
      ),
      (all) => {
        const problems = new Problems();
        for (const problem of all) problems.add('NAME', problem);
        expect(parseYaml(problems.toString())).toEqual({ NAME: all });
      },
    );
  });
});

describe('variables', () => {
  it('hold arrays in either form', async () => {
    const item = text.map((each) => each.replaceAll(/\0|\r/g, ''));
    await check(fc.array(item, { minLength: 1 }), async (items) => {
      const problems = new Problems();
      const counted = await readArray(arrayVariables('LIST', items), 'LIST', problems);
      expect([counted, problems.isEmpty]).toEqual([{ form: 'items', items }, true]);
    });
    // In a double-quoted scalar, YAML has the escapes of JSON.
    await check(
      fc.array(
        text.map((each) => each.toWellFormed()),
        { minLength: 1 },
      ),
      async (items) => {
        const flow = await readArray({ LIST: JSON.stringify(items) }, 'LIST', new Problems());
        expect(flow).toEqual({ form: 'items', items });
      },
    );
  });

  it('hold globs, whose braces stand for all combinations', async () => {
    const word = fc.stringMatching(/^[a-z]{1,3}$/);
    await check(
      fc.array(fc.uniqueArray(word, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
      (parts) => {
        const all = parts.reduce<readonly string[]>(
          (heads, words) => heads.flatMap((head) => words.map((each) => `${head}/${each}`)),
          [''],
        );
        expect(expandBraces(parts.map((words) => `/{${words.join(',')}}`).join(''))).toEqual(all);
      },
    );
  });

  it('hold references, which mean the same written out', async () => {
    const part = fc.stringMatching(/^[a-z0-9]+(?:[._-][a-z0-9]+){0,2}$/);
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
    await check(fc.tuple(fc.array(part, { minLength: 1, maxLength: 3 }), tag), ([path, tagName]) => {
      const reference = { host: 'registry.example:5000', repository: path.join('/'), tag: tagName };
      expect(parseReference(formatReference(reference), { host: 'x', workspace: 'y' })).toEqual(reference);
    });
  });
});

describe('protocols', () => {
  it('a form arrives with its name and content', async () => {
    const name = text.map((each) => each.toWellFormed().replaceAll(/[^\P{Cc}\r\n]|\\/gu, ''));
    await check(fc.tuple(name, fc.uint8Array({ maxLength: 200 })), async ([filename, content]) => {
      fc.pre(!/%(?:0A|0D|22)/i.test(filename));
      const form = fileForm('files', filename, bytesBody(Buffer.from(content)));
      const received: unknown[] = [];
      const chunks: Buffer[] = [];
      const parser = new MultipartParser(multipartBoundary(form.contentType) ?? '', {
        onPart: (part) => received.push(part.filename),
        onData: (chunk) => chunks.push(Buffer.from(chunk)),
        onPartEnd: () => undefined,
      });
      parser.write(await readAll(form.body.open()));
      parser.end();
      expect([received, Buffer.concat(chunks)]).toEqual([[filename], Buffer.from(content)]);
      expect(needsEscaping(filename)).toBe(/["\r\n]/.test(filename));
    });
  });

  it('a challenge has the parameters that were written', async () => {
    const value = fc.string({ unit: 'grapheme-ascii', maxLength: 30 });
    const parameters = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), value, { minKeys: 1, noNullPrototype: true });
    await check(fc.array(parameters, { minLength: 1, maxLength: 3 }), (challenges) => {
      const quote = (each: string): string => `"${each.replaceAll(/["\\]/g, '\\$&')}"`;
      const header = challenges
        .map(
          (each) =>
            `Bearer ${Object.entries(each)
              .map(([name, own]) => `${name}=${quote(own)}`)
              .join(', ')}`,
        )
        .join(', ');
      const parsed = parseChallenges([header]);
      expect(parsed.map((each) => Object.fromEntries(each.parameters))).toEqual(challenges);
    });
  });

  it('Retry-After means the same in seconds and as a date', async () => {
    await check(fc.integer({ min: 0, max: 1e6 }), (seconds) => {
      const nowMs = Date.UTC(2026, 10, 26);
      const read = (value: string): number | undefined => parseRetryAfterMs(() => value, 503, nowMs);
      expect(read(String(seconds))).toBe(seconds * 1000);
      expect(read(new Date(nowMs + seconds * 1000).toUTCString())).toBe(seconds * 1000);
    });
  });

  it("Maven's metadata lists every version once, whatever the versions are named", async () => {
    const version = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .map((each) => `1${each.replaceAll(/[\p{Cc}\p{Z}\p{Cs}\p{Cn}]/gu, '')}`);
    await check(fc.uniqueArray(version, { minLength: 1 }), (versions) => {
      const date = new Date('2026-11-26T00:00:00Z');
      let known = emptyMetadata;
      for (const each of [...versions, ...versions]) {
        const next = addVersion(known, { groupId: 'g', artifactId: 'a', version: each }, { isPlugin: false, date });
        known = parseMetadata(Buffer.from(formatMetadata(next)), 'it');
      }
      expect(known.versions.toSorted()).toEqual(versions.toSorted());
    });
  });
});
