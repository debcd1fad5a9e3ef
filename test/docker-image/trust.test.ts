import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { selfSigned } from '../http/certificates.ts';
import { cloneDirectory, useStep } from './run-pipe.ts';

const step = useStep();
const { key, cert } = selfSigned(['localhost']);
let server: Server;
let apiUrl = '';

/** Puts the sandbox behind TLS, like a company's gateway. */
beforeEach(async () => {
  const port = Number(new URL(step.sandbox.apiUrl).port);
  server = createServer({ key, cert }, (socket) => {
    const upstream = connect(port, '127.0.0.1');
    socket.on('error', () => upstream.destroy()).pipe(upstream);
    upstream.on('error', () => socket.destroy()).pipe(socket);
  });
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  apiUrl = `https://localhost:${(server.address() as AddressInfo).port}/2.0`;
  await step.write('company.pem', cert);
  await step.write('module/app.zip', 'content');
});
afterEach(() => {
  server.close();
});

it('does not send to a server with an untrusted certificate, and gives advice', async () => {
  const { exitCode, output } = await step.runPipe({ API_URL: apiUrl, FILENAME: 'app.zip' });
  expect(exitCode).toBe(1);
  expect(output).toContain('app.zip: NOT published');
  expect(output).toContain('NODE_EXTRA_CA_CERTS');
  expect((await step.sandbox.state()).requests).toEqual([]);
});

describe('trusts a CA', () => {
  it('in NODE_EXTRA_CA_CERTS', async () => {
    const { exitCode, output } = await step.runPipe({
      API_URL: apiUrl,
      FILENAME: 'app.zip',
      NODE_EXTRA_CA_CERTS: `${cloneDirectory}/company.pem`,
    });
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
  });

  it("in the image's own directory, for derived images", async () => {
    const { exitCode, output } = await step.runPipe(
      { API_URL: apiUrl, FILENAME: 'app.zip' },
      { dockerOptions: [`--volume=${join(step.clone, 'company.pem')}:/etc/ssl/certs/company.pem:ro`] },
    );
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
  });
});
