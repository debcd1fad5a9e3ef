// The part of undici that the pipe uses. All of it (fetch, WebSocket, caches, mocks) takes 9 MB of memory and 30 ms more.
'use strict';
const Dispatcher = require('undici/lib/dispatcher/dispatcher');

// Like undici's own index.js, which adds five methods to its dispatchers. The pipe calls these two.
// `check-undici-subset.mjs` fails the build if the bundle calls any other.
Object.assign(Dispatcher.prototype, {
  request: require('undici/lib/api/api-request'),
  upgrade: require('undici/lib/api/api-upgrade'),
});

exports.Agent = require('undici/lib/dispatcher/agent');
exports.buildConnector = require('undici/lib/core/connect');
exports.Pool = require('undici/lib/dispatcher/pool');
