/** The pages of projects in the simple repository API. @see PEP 503 and PEP 691 */
import { json, Refusal, text, type Answer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import type { PublishedFile, PypiContext } from './pypi-store.ts';

const jsonType = 'application/vnd.pypi.simple.v1+json';

/** @throws Refusal if there is no such project */
export async function sendPage(exchange: Exchange, pypi: PypiContext, project: string): Promise<void> {
  const { reading = 'allowed', pages = 'both' } = pypi.options;
  if (reading === 'refused') throw new Refusal(text(403, 'Forbidden'));
  if (reading === 'elsewhere')
    throw new Refusal({ status: 302, headers: { location: `https://pypi.example/simple/${project}/` } });
  const files = [...(pypi.projects.get(project)?.values() ?? [])].filter(isShown);
  if (reading === 'missing' || files.length === 0) throw new Refusal(text(404, 'Not Found'));
  const isJson = pages === 'json' || (pages === 'both' && (exchange.request.headers.accept ?? '').includes(jsonType));
  await exchange.respond(isJson ? jsonPage(files, pypi, project) : htmlPage(files, pypi, project));
}

function isShown(file: PublishedFile): boolean {
  if (file.staleReads === 0) return true;
  file.staleReads--;
  return false;
}

function addressOf({ workspace }: PypiContext, filename: string): string {
  return `/${workspace}/files/${encodeURIComponent(filename)}`;
}

function jsonPage(files: readonly PublishedFile[], pypi: PypiContext, name: string): Answer {
  const { hashes = true } = pypi.options;
  const described = files.map(({ filename, content }) => ({
    filename,
    url: addressOf(pypi, filename),
    hashes: hashes ? { sha256: content.sha256 } : {},
    size: content.size,
  }));
  return json(200, { meta: { 'api-version': '1.1' }, name, files: described }, { 'content-type': jsonType });
}

function htmlPage(files: readonly PublishedFile[], pypi: PypiContext, name: string): Answer {
  const { hashes = true } = pypi.options;
  const links = files.map(
    ({ filename, content }) =>
      `<a href="${addressOf(pypi, filename)}${hashes ? `#sha256=${content.sha256}` : ''}" data-requires-python="&gt;=3.8">${filename}</a><br />`,
  );
  const body = `<!DOCTYPE html>\n<html><head><title>Links for ${name}</title></head><body>\n${links.join('\n')}\n</body></html>\n`;
  return text(200, body, 'text/html; charset=utf-8');
}
