/** The formats that the pipe packs, by the ending of a name. */

/** A format, as FORMAT names it. */
export type PackFormat = 'zip' | 'nupkg' | 'tar' | 'tar.gz';

const formats: Readonly<Record<string, PackFormat>> = {
  zip: 'zip',
  nupkg: 'nupkg',
  tar: 'tar',
  'tar.gz': 'tar.gz',
  tgz: 'tar.gz',
};

/** The endings, for messages. */
export const packEndings = '.zip, .nupkg, .tar, .tar.gz or .tgz';

/** The format of a name that ends with one of `packEndings`, in any case; undefined if it does not. */
export function packFormatOf(name: string): PackFormat | undefined {
  const [, ending = ''] = /.\.(tar\.gz|[^.]+)$/i.exec(name) ?? [];
  return Object.hasOwn(formats, ending.toLowerCase()) ? formats[ending.toLowerCase()] : undefined;
}
