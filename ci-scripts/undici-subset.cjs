// What the pipe uses of undici. The whole takes 9 MB of memory and 30 ms more: fetch, WebSocket, caches, mocks.
'use strict';
const Dispatcher = require('undici/lib/dispatcher/dispatcher');

// As undici's own index.js does it, which gives its dispatchers five methods. The pipe calls `request`; a proxy's agent
// calls `connect` to tunnel. `check-undici-subset.mjs` fails the build if the bundle calls another one.
Object.assign(Dispatcher.prototype, {
  request: require('undici/lib/api/api-request'),
  connect: require('undici/lib/api/api-connect'),
});

exports.Agent = require('undici/lib/dispatcher/agent');
exports.EnvHttpProxyAgent = require('undici/lib/dispatcher/env-http-proxy-agent');
exports.Pool = require('undici/lib/dispatcher/pool');
