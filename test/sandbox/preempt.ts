/** The faults that take the place of what a server would have done with a request. */
import { standardAnswer, text, type Answer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import type { FaultAction, PreemptingAction } from './faults.ts';

/** Works from any position in the body. */
export async function preempt(exchange: Exchange, action: PreemptingAction): Promise<void> {
  switch (action.kind) {
    case 'status':
      if (action.when === 'early') return exchange.respondEarly(faultAnswer(action), false);
      await exchange.drain();
      return exchange.respond(faultAnswer(action));
    case 'redirect':
      await exchange.drain();
      return exchange.respond({ status: action.status, headers: { location: action.location } });
    case 'huge-body':
      await exchange.drain();
      return exchange.respondAtLength(action.status, action.bytes);
    case 'early-success':
      return exchange.respondEarly({ status: 201 }, false);
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

function faultAnswer({ status, headers, body }: FaultAction & { readonly kind: 'status' }): Answer {
  const answer = body === undefined ? standardAnswer(status) : text(status, body);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
