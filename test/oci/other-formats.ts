/** The first bytes of files that are not images. */

export const zipLike = Buffer.concat([Buffer.from([0x50, 0x4b, 0x03, 0x04, 20, 0]), Buffer.alloc(600)]);
export const bzip2Like = Buffer.from('BZh91AY&SY');
