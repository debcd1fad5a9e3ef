/**
 * BLAKE2b with a digest of 256 bits, which OpenSSL does not have: 512 bits cut short are something else.
 *
 * @see RFC 7693, section 3
 */

const blockBytes = 128;
const digestBytes = 32;

/** The initialization vector (RFC 7693, section 2.6): each number as its lower and its upper 32 bits. */
const iv = Int32Array.from([
  0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a, 0xade682d1,
  0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
]);

/** The message schedule (RFC 7693, section 2.7), a row for each round; the last two repeat the first two. */
const schedule = [
  '0123456789abcdef',
  'ea489fd61c02b753',
  'b8c052fdae367194',
  '7931dcbe265a40f8',
  '905724afe1bc683d',
  '2c6a0b834d75fe19',
  'c51fed4a0763928b',
  'db7ec13950f4862a',
  '6fe9b308c2d714a5',
  'a2847615fb9e3cd0',
  '0123456789abcdef',
  'ea489fd61c02b753',
];
const sigma = Uint8Array.from(schedule.join(''), (digit) => 2 * Number.parseInt(digit, 16));

/** One hash. */
export class Blake2b256 {
  readonly #state = Int32Array.from(iv);
  readonly #work = new Int32Array(32);
  readonly #words = new Int32Array(32);
  readonly #block = Buffer.alloc(blockBytes);
  #filled = 0;
  #length = 0;

  constructor() {
    // The parameter block: the digest's length, no key, and one level (RFC 7693, section 2.5).
    this.#state[0] = (this.#state[0] ?? 0) ^ 0x01010000 ^ digestBytes;
  }

  update(chunk: Uint8Array): void {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    // The last block is known as such only at the end, so a full one waits for the next byte.
    while (at < chunk.length) {
      if (this.#filled === blockBytes) this.#compressBlock();
      if (this.#filled === 0) {
        for (; chunk.length - at > blockBytes; at += blockBytes) {
          this.#length += blockBytes;
          this.#compress(view, at, false);
        }
      }
      const taken = Math.min(blockBytes - this.#filled, chunk.length - at);
      this.#block.set(chunk.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
    }
  }

  digest(_encoding: 'hex'): string {
    this.#length += this.#filled;
    this.#block.fill(0, this.#filled);
    this.#compress(new DataView(this.#block.buffer, this.#block.byteOffset, blockBytes), 0, true);
    const digest = Buffer.alloc(digestBytes);
    for (let index = 0; index < digestBytes / 4; index++) digest.writeInt32LE(this.#state[index] ?? 0, 4 * index);
    return digest.toString('hex');
  }

  #compressBlock(): void {
    this.#length += blockBytes;
    this.#compress(new DataView(this.#block.buffer, this.#block.byteOffset, blockBytes), 0, false);
    this.#filled = 0;
  }

  /** RFC 7693, section 3.2. */
  #compress(view: DataView, position: number, isLast: boolean): void {
    const words = this.#words;
    const work = this.#work;
    const state = this.#state;
    for (let index = 0; index < 32; index++) words[index] = view.getInt32(position + 4 * index, true);
    work.set(state);
    work.set(iv, 16);
    work[24] = (work[24] as number) ^ this.#length;
    work[25] = (work[25] as number) ^ Math.floor(this.#length / 2 ** 32);
    if (isLast) {
      work[28] = ~(work[28] as number);
      work[29] = ~(work[29] as number);
    }
    for (let pair = 0; pair < sigma.length; pair += 16) {
      mix(work, 0, 8, 16, 24, words, pair);
      mix(work, 2, 10, 18, 26, words, pair + 2);
      mix(work, 4, 12, 20, 28, words, pair + 4);
      mix(work, 6, 14, 22, 30, words, pair + 6);
      mix(work, 0, 10, 20, 30, words, pair + 8);
      mix(work, 2, 12, 22, 24, words, pair + 10);
      mix(work, 4, 14, 16, 26, words, pair + 12);
      mix(work, 6, 8, 18, 28, words, pair + 14);
    }
    for (let index = 0; index < 16; index++)
      state[index] = (state[index] as number) ^ (work[index] as number) ^ (work[index + 16] as number);
  }
}

/**
 * RFC 7693, section 3.1. On local variables: several times as fast as on the array.
 *
 * @param a where the first of its four numbers is, as the other three
 * @param pair where `sigma` has its two words
 */
function mix(work: Int32Array, a: number, b: number, c: number, d: number, words: Int32Array, pair: number): void {
  const x = sigma[pair] as number;
  const y = sigma[pair + 1] as number;
  let aLow = work[a] as number;
  let aHigh = work[a + 1] as number;
  let bLow = work[b] as number;
  let bHigh = work[b + 1] as number;
  let cLow = work[c] as number;
  let cHigh = work[c + 1] as number;
  let dLow = work[d] as number;
  let dHigh = work[d + 1] as number;

  let word: number;
  let sum = (aLow + bLow) | 0;
  aHigh = (aHigh + bHigh + carryOf(aLow, bLow, sum)) | 0;
  word = words[x] as number;
  aLow = (sum + word) | 0;
  aHigh = (aHigh + (words[x + 1] as number) + carryOf(sum, word, aLow)) | 0;
  // Rotated right by 32 bits; below, by 24, 16 and 63.
  let low = dLow ^ aLow;
  dLow = dHigh ^ aHigh;
  dHigh = low;
  sum = (cLow + dLow) | 0;
  cHigh = (cHigh + dHigh + carryOf(cLow, dLow, sum)) | 0;
  cLow = sum;
  low = bLow ^ cLow;
  let high = bHigh ^ cHigh;
  bLow = (low >>> 24) | (high << 8);
  bHigh = (high >>> 24) | (low << 8);

  sum = (aLow + bLow) | 0;
  aHigh = (aHigh + bHigh + carryOf(aLow, bLow, sum)) | 0;
  word = words[y] as number;
  aLow = (sum + word) | 0;
  aHigh = (aHigh + (words[y + 1] as number) + carryOf(sum, word, aLow)) | 0;
  low = dLow ^ aLow;
  high = dHigh ^ aHigh;
  dLow = (low >>> 16) | (high << 16);
  dHigh = (high >>> 16) | (low << 16);
  sum = (cLow + dLow) | 0;
  cHigh = (cHigh + dHigh + carryOf(cLow, dLow, sum)) | 0;
  cLow = sum;
  low = bLow ^ cLow;
  high = bHigh ^ cHigh;
  bLow = (high >>> 31) | (low << 1);
  bHigh = (low >>> 31) | (high << 1);

  work[a] = aLow;
  work[a + 1] = aHigh;
  work[b] = bLow;
  work[b + 1] = bHigh;
  work[c] = cLow;
  work[c + 1] = cHigh;
  work[d] = dLow;
  work[d + 1] = dHigh;
}

/** The carry of the sum of two numbers of 32 bits. Integers only: twice as fast as a sum of 64 bits as a double. */
function carryOf(one: number, other: number, sum: number): number {
  return ((one & other) | ((one | other) & ~sum)) >>> 31;
}
