/** Draws the output of a terminal as an SVG picture. */

const colors: Readonly<Record<string, string>> = {
  '31': '#ff7b72',
  '32': '#7ee787',
  '33': '#e3b341',
  '34': '#79c0ff',
  '36': '#76e3ea',
  '90': '#8b949e',
};
const plain = '#c9d1d9';
const [width, height, margin] = [8.4, 20, 24];

/** @param lines with ANSI colours, and nothing else that is not printable */
export function drawTerminal(lines: readonly string[]): string {
  const columns = Math.max(...lines.map((line) => withoutColors(line).length));
  const [imageWidth, imageHeight] = [Math.ceil(columns * width + 2 * margin), lines.length * height + 2 * margin];
  const rows = lines.map((line, index) => {
    const y = margin + (index + 1) * height - 5;
    return `  <text x="${margin}" y="${y}">${spansOf(line)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${imageWidth} ${imageHeight}" width="${imageWidth}" height="${imageHeight}" role="img">`,
    '  <title>The log of a run</title>',
    '  <style>text { font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; }</style>',
    `  <rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

function withoutColors(line: string): string {
  return line.replaceAll(/\u001B\[[\d;]*m/g, '');
}

function spansOf(line: string): string {
  let color = plain;
  return line
    .split(/(\u001B\[[\d;]*m)/)
    .flatMap((part) => {
      const code = /^\u001B\[([\d;]*)m$/.exec(part)?.[1];
      if (code !== undefined) color = colors[code.split(';').at(-1) ?? ''] ?? plain;
      return code !== undefined || part === '' ? [] : [`<tspan fill="${color}">${escape(part)}</tspan>`];
    })
    .join('');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
