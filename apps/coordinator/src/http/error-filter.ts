import type { ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { isTallyError, type Logger, TallyError } from '@tallystick/kernel';
import type { ErrorBody } from '@tallystick/protocol';

/** When whoever was one too many should come back (RFC 9110 §10.2.3). */
const RETRY_AFTER_S = 1;

/** What polkadot-js says of a request while its connection is lost; it has no code for it. */
const CHAIN_AWAY = /^(WebSocket is not connected|disconnected from wss?:)/;

/** The one translator at the REST edge: whatever was thrown becomes `{error: {code, message, hint, where?}}`. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<{ readonly url: string }>();
    const response = http.getResponse<ServerResponse>();
    const error = asTallyError(exception, request.url);
    const { status } = error.spec;
    const isBusy = error.code === 'NET_BUSY';
    if (status >= 500 && !isBusy) {
      this.#logger.error('http.failed', { code: error.code, reason: reasonOf(error) });
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const where = error.meta['where'];
    const body: ErrorBody = {
      error: {
        code: error.code,
        message: error.message,
        hint: error.hint,
        ...(where === undefined ? {} : { where: String(where) }),
      },
    };
    response.statusCode = status;
    if (isBusy) response.setHeader('retry-after', RETRY_AFTER_S);
    const seconds = error.meta['seconds'];
    if (status === 429) response.setHeader('retry-after', String(seconds));
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(JSON.stringify(body));
  }
}

function asTallyError(exception: unknown, url: string): TallyError {
  if (isTallyError(exception)) return exception;
  const status = exception instanceof HttpException ? exception.getStatus() : statusOf(exception);
  const detail = exception instanceof Error ? exception.message : String(exception);
  if (CHAIN_AWAY.test(detail)) {
    const reason = 'the connection is lost; it is opened again as soon as the chain answers';
    return new TallyError('LEDGER_UNREACHABLE', { url: 'its address', reason }, exception);
  }
  if (status === 404) {
    return new TallyError('USAGE_NOT_FOUND', { path: url.slice(0, 200) }, exception);
  }
  if (status === 413) {
    return new TallyError(
      'PROTO_TOO_LARGE',
      { what: 'the request', ...sizesOf(exception) },
      exception,
    );
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return new TallyError('USAGE_INVALID', { detail: detail.slice(0, 2_000) }, exception);
  }
  return new TallyError('INTERNAL', { reason: 'see the log of the coordinator' }, exception);
}

/** body-parser's errors carry `status`, and for a body that is too large `length` and `limit`. */
function statusOf(exception: unknown): number | undefined {
  if (typeof exception !== 'object' || exception === null || !('status' in exception)) {
    return undefined;
  }
  return typeof exception.status === 'number' ? exception.status : undefined;
}

function sizesOf(exception: unknown): { bytes: number; limit: number } {
  const at = (name: string): number => {
    if (typeof exception !== 'object' || exception === null) return 0;
    const value: unknown = Reflect.get(exception, name);
    return typeof value === 'number' ? value : 0;
  };
  return { bytes: at('length'), limit: at('limit') };
}

function reasonOf(error: TallyError): string {
  const { cause } = error;
  return cause instanceof Error ? cause.message : error.message;
}
