/** The faults that replace a server's handling of a request. */
import { standardAnswer, text, type Answer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import type { FaultAction, PreemptingAction } from './faults.ts';
import { registryStandardAnswer } from './registry-answers.ts';

/** Applies the fault, from any position in the body. */
export async function preempt(exchange: Exchange, action: PreemptingAction): Promise<void> {
  switch (action.kind) {
    case 'status':
      if (action.when === 'early') return exchange.respondEarly(faultAnswer(action, exchange.isRegistry), false);
      await exchange.drain();
      return exchange.respond(faultAnswer(action, exchange.isRegistry));
    case 'redirect':
      await exchange.drain();
      return exchange.respond({ status: action.status, headers: { location: action.location } });
    case 'huge-body':
      await exchange.drain();
      return exchange.respondAtLength(action.status, action.bytes);
    case 'early-success':
      return exchange.respondEarly(earlySuccess(exchange), false);
    case 'reset':
      await exchange.drain(action.afterBytes ?? 0);
      return exchange.reset();
    case 'close':
      await exchange.drain(action.afterBytes ?? 0);
      return exchange.close();
    case 'stall':
      return exchange.drain(action.afterBytes ?? 0);
  }
}

function faultAnswer(
  { status, headers, body }: FaultAction & { readonly kind: 'status' },
  isRegistry: boolean,
): Answer {
  const standard = isRegistry ? registryStandardAnswer(status) : standardAnswer(status);
  const answer = body === undefined ? standard : text(status, body);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** Answers a PATCH as if its whole chunk had arrived, and nothing else. */
function earlySuccess({ method, path, contentLength = 1 }: Exchange): Answer {
  if (method !== 'PATCH') return { status: 201 };
  return { status: 202, headers: { location: path, range: `0-${contentLength - 1}` } };
}
