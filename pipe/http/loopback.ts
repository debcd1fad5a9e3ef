/** Whether a URL stays on this machine, where plain http gives nothing away. */

const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

export function isLoopback(url: URL): boolean {
  return loopbackHost.test(url.hostname);
}
