import { expect, it } from '@jest/globals';
import { readRecord } from '../../../pipe/destinations/pypi/record.ts';

const hash = `sha256=${Buffer.alloc(32, 1).toString('base64url')}`;
const hex = '01'.repeat(32);

function read(text: string) {
  return readRecord(Buffer.from(text), 'RECORD');
}

it.each(['\n', '\r\n', '\r'])('reads paths, hashes and sizes, with rows that end with %j', (end) => {
  const text = [`a.py,${hash},12`, `"b,""c"".py",${hash},`, 'lib-1.0.dist-info/RECORD,,', ''].join(end);
  expect([...read(text)]).toEqual([
    ['a.py', { hash: { algorithm: 'sha256', hex }, size: 12 }],
    ['b,"c".py', { hash: { algorithm: 'sha256', hex }, size: undefined }],
    ['lib-1.0.dist-info/RECORD', { hash: undefined, size: undefined }],
  ]);
});

it('reads the last row without a line end, and skips empty rows', () => {
  expect([...read(`\na.py,${hash},1\n\nRECORD,,`).keys()]).toEqual(['a.py', 'RECORD']);
});

it('reads a name of any length', () => {
  const name = 'a,'.repeat(5_000_000);
  expect([...read(`"${name}",${hash},1`).keys()][0]?.length).toBe(name.length);
  expect(() => read(`"${name}`)).toThrow('RECORD is not valid CSV in row 1');
});

it.each([
  [`a.py,md5=xx,1`, /RECORD, row 1 has the hash "md5=xx": a wheel must have SHA-256 or better \(PEP 427\)/],
  [`a.py,${hash},1\na.py,${hash},1`, /RECORD, row 2 lists a\.py again/],
  [`a.py,${hash},x`, /RECORD, row 1 has the size "x"/],
  [`a.py,${hash},1,more`, /RECORD, row 1 is not "path,hash,size"/],
  [`,${hash},1`, /RECORD, row 1 is not "path,hash,size"/],
  [`"a.py,${hash},1`, /RECORD is not valid CSV in row 1/],
  [`"a".py,${hash},1`, /RECORD is not valid CSV in row 1/],
])('refuses %j', (text, message) => {
  expect(() => read(text)).toThrow(message);
});
