// Makes name lookups fail in a process that loads it: FAIL_LOOKUPS is "CODE FROM UNTIL", by the number of the lookup.
// Nobody but root could make the system's resolver fail, and then only for the whole machine.
'use strict';

const dns = require('node:dns');

const [code, from, until] = (process.env.FAIL_LOOKUPS ?? '').split(' ');
const { lookup } = dns;
let lookups = 0;

dns.lookup = (hostname, ...rest) => {
  const number = lookups++;
  if (number < Number(from) || number >= Number(until)) return lookup(hostname, ...rest);
  const error = Object.assign(new Error(`getaddrinfo ${code} ${hostname}`), { code, syscall: 'getaddrinfo', hostname });
  process.nextTick(rest.at(-1), error);
  return {};
};
