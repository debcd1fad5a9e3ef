// Formats the notices of third-party software.

/** @param parts [{ name, version, license, website, notice }] @returns a list of the parts, and then the notices of each */
export function formatNotices(introduction, parts) {
  const sections = parts.map((part) => {
    const first = parts.find(({ notice }) => notice === part.notice);
    const notice = first === part ? part.notice.trim() : `As for ${titleOf(first)}, above.`;
    return [rule, titleOf(part), part.website, '', notice, ''].join('\n');
  });
  return `${introduction}\n\n${parts.map((part) => `- ${titleOf(part)}\n`).join('')}\n${sections.join('\n')}\n`;
}

const rule = '='.repeat(80);
const titleOf = ({ name, version, license }) => `${[name, version].filter(Boolean).join(' ')}: ${license}`;
