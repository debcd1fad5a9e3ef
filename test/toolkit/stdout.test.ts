import { describe, expect, it } from '@jest/globals';
import { createOutput, printable } from '../../pipe/toolkit/stdout.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';
import { recordingStream } from './recording-stream.ts';

const scrub = createSecrets(['hunter22']).scrub;

describe('in a log', () => {
  it('prints whole lines, without secrets', () => {
    const stream = recordingStream();
    const output = createOutput(stream, scrub, false);
    output.line('one hunter22');
    output.line('');
    expect(stream.text).toBe('one ***\n\n');
  });

  it('shows no status', () => {
    const stream = recordingStream({ isTTY: false });
    const output = createOutput(stream, scrub, false);
    output.status('50 %');
    output.line('a');
    output.status('');
    expect([stream.text, output.isTerminal]).toEqual(['a\n', false]);
  });
});

describe('on a terminal', () => {
  const terminal = { isTTY: true, columns: 30 };

  it('shows a status, removes it before each line, and shows it again below', () => {
    const stream = recordingStream(terminal);
    const output = createOutput(stream, scrub, false);
    output.line('before');
    output.status('50 %');
    output.line('one');
    output.status('60 %');
    output.status('');
    output.line('after');
    expect(output.isTerminal).toBe(true);
    expect(stream.text).toBe(['before\n', '50 %', 'one\n50 %', '60 %', 'after\n'].join('\r\u001B[K'));
  });

  it('does not write the same status twice', () => {
    const stream = recordingStream(terminal);
    const output = createOutput(stream, scrub, false);
    output.status('');
    output.status('50 %');
    output.status('50 %');
    expect(stream.text).toBe('\r\u001B[K50 %');
  });

  it('shows a status without secrets, within one line of the terminal', () => {
    const stream = recordingStream(terminal);
    createOutput(stream, scrub, false).status(`hunter22 ${'x'.repeat(50)}`);
    expect(stream.text).toBe(`\r\u001B[K*** ${'x'.repeat(25)}`);
  });

  it.each([{}, { columns: 0 }])('assumes 80 columns if the terminal does not report its width', (width) => {
    const stream = recordingStream({ isTTY: true, ...width });
    createOutput(stream, scrub, false).status('x'.repeat(100));
    expect(stream.text).toBe(`\r\u001B[K${'x'.repeat(79)}`);
  });
});

describe('colours', () => {
  it.each([
    ['red', true, '\u001B[31mtext\u001B[0m\n'],
    ['green', true, '\u001B[32mtext\u001B[0m\n'],
    ['yellow', true, '\u001B[33mtext\u001B[0m\n'],
    ['none', true, 'text\n'],
    ['red', false, 'text\n'],
  ] as const)('%s, colours %p', (colour, isColoured, printed) => {
    const stream = recordingStream();
    createOutput(stream, scrub, isColoured).line('text', colour);
    expect(stream.text).toBe(printed);
  });
});

describe('the verdict', () => {
  it.each([
    [true, ['done'], '✔ done\n'],
    [true, [], '✔ \n'],
    [false, ['broken', '  a: hunter22', '', 'b'], '✖ broken\n  a: ***\n\nb\n'],
    [false, ['✔ done', 'two\n✔ lines'], '✖ ✔ done\ntwo\\n✔ lines\n'],
  ])('%p, %j', (hasSucceeded, lines, printed) => {
    const stream = recordingStream();
    createOutput(stream, scrub, false).verdict(hasSucceeded, lines);
    expect(stream.text).toBe(printed);
  });

  const lookalikes = [
    '✔ done',
    '✖ broken',
    '  ✔ done',
    '\u00A0\u3000✔ done',
    '\u115F\u3164\u2800\uFE0F✔ done',
    '✔\uFE0F done',
    '✓ done',
    '✅ done',
    '\r✔ done',
    '\u0085✔ done',
    '\u009B1A✔ done',
    '\u200B✔ done',
    '\u001B[32m✔ done',
    '\uFEFF✖ broken',
  ];

  it.each(lookalikes)('cannot be faked by %j', (text) => {
    const stream = recordingStream();
    const output = createOutput(stream, scrub, false);
    output.line(text);
    output.line(`a\n${text}`);
    output.verdict(false, ['failed', text]);
    const lines = stream.text.split('\n');
    expect(lines).toHaveLength(5);
    expect(lines.filter((line) => /^[^\p{L}\p{N}\p{P}]*[✓✔✅✖]/u.test(line))).toEqual(['✖ failed']);
    expect(stream.text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it('does not escape marks elsewhere', () => {
    const stream = recordingStream();
    createOutput(stream, scrub, false).line('a ✔.txt');
    expect(stream.text).toBe('a ✔.txt\n');
  });
});

it('cuts a line that is longer than any message', () => {
  const stream = recordingStream();
  createOutput(stream, scrub, false).line(`${'x'.repeat(28_000)}hunter22${'y'.repeat(4_000)}`);
  expect(stream.text).toBe(`${'x'.repeat(28_000)}… (8 characters left out) …${'y'.repeat(4_000)}\n`);
});

describe('printable', () => {
  it.each(['app.zip', 'with space.txt', `q"uo'te\\.txt`, 'ünï 漢字 🎉.txt', ''])('leaves %j as it is', (name) => {
    expect(printable(name)).toBe(name);
  });

  it.each([
    ['a\nINFO: forged', String.raw`"a\nINFO: forged"`],
    ['a\r\t\0b', String.raw`"a\r\t\u0000b"`],
    ['\u001B[31mred "x" \\', String.raw`"\u001b[31mred \"x\" \\"`],
    ['\u007F\u0085\u009B', String.raw`"\u007f\u0085\u009b"`],
    ['\u2028\u2029', String.raw`"\u2028\u2029"`],
    ['\u202Etxt.exe\u200B', String.raw`"\u202etxt.exe\u200b"`],
    ['a\uD800', String.raw`"a\ud800"`],
    ['🎉\u{E0041}', String.raw`"🎉\udb40\udc41"`],
  ])('escapes %j', (name, escaped) => {
    expect(printable(name)).toBe(escaped);
    expect(JSON.parse(escaped)).toBe(name);
  });

  it('leaves no character that could affect a terminal or a log', () => {
    for (let code = 0; code < 0x30_00; code++) {
      expect(printable(`a${String.fromCodePoint(code)}b`)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });
});
