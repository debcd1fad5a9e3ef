/** Ends threads whose answers are unread, with nothing else to wait for. Prints `closed` if it sees every end. */

import { CompressionThread } from '../../pipe/compression/compression-thread.ts';

/** Whether the answer or the end comes first is up to the system. */
const attempts = 5;

for (let attempt = 0; attempt < attempts; attempt++) {
  const setup = { codecs: ['zstd'], libraries: [], inputOffset: 0 } as const;
  const thread = new CompressionThread(setup, () => undefined);
  await thread.codec;
  const output = { memory: new ArrayBuffer(10), size: 0, ms: 0 };
  const answer = thread.run({ task: 'hash', stream: 1, memory: new SharedArrayBuffer(1024), length: 10, output });
  answer.catch(() => undefined);
  // Meanwhile the thread answers. This thread does not read the answer before ending it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
  await thread.close();
}
process.stdout.write('closed');
