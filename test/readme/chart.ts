/** Draws the benchmark's results as an SVG chart: the time that each program takes, as a multiple of the pipe's. */

import type { BenchReport, BenchRow } from '../bench/report.ts';

const barHeight = 18;
const [labelWidth, barWidth, width] = [250, 400, 760];
/** Longer bars are cut. */
const maxRatio = 8;

interface Bar {
  readonly name: string;
  readonly isPipe: boolean;
  readonly ratio: number;
  readonly seconds: string;
}

/** @param ids the rows to draw, in this order */
export function drawChart({ rows, machine }: BenchReport, ids: readonly string[]): string {
  const groups = ids.flatMap((id) => {
    const row = rows.find((each) => each.id === id);
    return row === undefined ? [] : [{ title: row.title, bars: barsOf(row) }];
  });
  let y = 34;
  const parts = groups.flatMap(({ title, bars }) => {
    y += 26;
    const lines = [`  <text x="16" y="${y}" class="title">${escape(title)}</text>`];
    for (const bar of bars) {
      y += barHeight + 4;
      lines.push(...drawBar(bar, y));
    }
    return lines;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 42}" width="${width}" height="${y + 42}" role="img">`,
    '  <title>Time taken, by the pipe and by other programs</title>',
    '  <style>text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #24292f; } .title { font-weight: 600; }</style>',
    '  <rect width="100%" height="100%" fill="#ffffff"/>',
    '  <text x="16" y="28" class="title">Time taken: shorter is better</text>',
    ...parts,
    `  <text x="16" y="${y + 26}">${escape(machine.slice(0, 2).join(', '))}; medians of ${rows[0]?.contestants[0]?.runs ?? 0} runs in turn</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function barsOf({ contestants }: BenchRow): readonly Bar[] {
  const own = contestants[0]?.wallMs ?? Number.NaN;
  return contestants.map(({ name, wallMs = Number.NaN }, index) => ({
    name,
    isPipe: index === 0,
    ratio: wallMs / own,
    seconds: `${(wallMs / 1000).toFixed(2)} s`,
  }));
}

function drawBar({ name, isPipe, ratio, seconds }: Bar, y: number): readonly string[] {
  const length = Math.round((barWidth * Math.min(ratio, maxRatio)) / maxRatio);
  const times = isPipe ? '' : `, ${ratio.toFixed(1)} ×`;
  return [
    `  <text x="${labelWidth - 8}" y="${y}" text-anchor="end">${escape(name)}</text>`,
    `  <rect x="${labelWidth}" y="${y - barHeight + 4}" width="${length}" height="${barHeight}" fill="${isPipe ? '#0052cc' : '#9aa5b1'}"/>`,
    `  <text x="${labelWidth + length + 6}" y="${y}">${seconds}${times}</text>`,
  ];
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
