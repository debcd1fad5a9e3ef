import type { Stream } from '../../pipe/toolkit/stdout.ts';

export interface RecordingStream extends Stream {
  /** Everything written so far. */
  text: string;
}

/** A standard output that records; a log file by default, or a terminal. */
export function recordingStream(properties: Omit<Stream, 'write'> = {}): RecordingStream {
  return {
    ...properties,
    text: '',
    write(text) {
      this.text += text;
    },
  };
}
