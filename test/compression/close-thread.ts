/** Ends threads while their answers lie unread, with nothing else to wait for: prints `closed` if it hears of every end. */
import { CompressionThread } from '../../pipe/compression/compression-thread.ts';

/** Which comes first, the answer or the end, is the system's choice. */
const attempts = 5;

for (let attempt = 0; attempt < attempts; attempt++) {
  const setup = { codecs: ['zstd'], libraries: [], inputOffset: 0, outputOffset: 1024 } as const;
  const thread = new CompressionThread(setup, () => undefined);
  await thread.codec;
  const answer = thread.run({ task: 'hash', stream: 1, memory: new SharedArrayBuffer(1024), length: 10 });
  answer.catch(() => undefined);
  // The thread answers meanwhile, and this one does not read it before it ends the thread.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
  await thread.close();
}
process.stdout.write('closed');
