import { mutantsOf } from './mutant.mjs'

const TESTS = ['sse-core/test/create-response.test']
const CONTRACT = ['sse-core/test/contract-fetch.test']

/** `createResponse()`: a response that is written as Node's is, and read as the body of a `Response`. */
export const fetchApi = [
  ...mutantsOf('sse-core/src/create-response.ts', TESTS, [
    ["    res.once('close', onAbort(request.signal, leave))\n", '', 'an aborted request ends its stream'],
    [
      '    if (request.signal?.aborted) leave()\n',
      '',
      'a client that disconnected before createResponse() was called gets no stream',
    ],
    ['      if (!res.headersSent) {\n', '      if (false) {\n', 'an error before the response headers rejects'],
    [
      'if (manager?.onError === undefined) warn(error)',
      '',
      'an error after the response headers is a process warning if there is no onError',
    ],
    [
      'if (manager?.onError === undefined) warn(error)',
      'warn(error)',
      'an error after the response headers is no process warning if onError received it',
    ],
    [
      '    release(source, options?.manager?.report ?? warn)\n',
      '',
      'an argument that is no Request releases the source',
    ],
    ['isOnlyChannels(source))', 'true)', 'the body of a request is left to sources that may read it'],
  ]),
  ...mutantsOf('sse-core/src/fetch-exchange.ts', TESTS, [
    [
      "typeof request.headers?.get !== 'function'",
      'false',
      'an object that is no Request, such as the c.req of Hono, is refused with advice',
    ],
    ['this.url = pathname + search', 'this.url = pathname', 'a request has its query'],
    [
      'this.#unread?.body?.pipeTo(new WritableStream())',
      'Promise.resolve()',
      'an unread body of a request does not hide a disconnect',
    ],
    [
      '    return this.#give()\n  }\n\n  end',
      '    this.#give()\n    return true\n  }\n\n  end',
      'a response that nobody reads is full',
    ],
    [
      "body?.error(Object.assign(new Error('the stream was broken off'), { name: 'AbortError' }))",
      'body?.close()',
      'a stream that was broken off does not look complete',
    ],
    [
      '{ status: 499 }',
      '{ status: 200 }',
      'a client that disconnected before the response headers is answered with 499',
    ],
    [
      '    } else if (this.writableEnded) this.#finish()\n',
      '    }\n    if (this.writableEnded) this.#finish()\n',
      'manager.close() resolves only when the server has sent everything',
    ],
    ["this.req.method === 'HEAD' ? null : this.#openBody()", 'this.#openBody()', 'the response to HEAD has no body'],
    ["          if (wasFull) this.emit('drain')\n", '', 'a client that reads again gets what is left', CONTRACT],
    [
      '          this.#body = undefined\n          this.abandon()\n',
      '          this.#body = undefined\n',
      'a body that is cancelled ends its stream',
    ],
    ['enqueue(join(waiting))', 'enqueue(waiting[0] as Uint8Array)', 'bytes are not shared with other clients'],
    ['this.#headers?.delete(name)\n    for (const one', 'for (const one', 'a header that is set again is replaced'],
  ]),
  ...mutantsOf(
    'sse-core/src/log.ts',
    ['sse-core/test/resume.test'],
    [
      [
        'if (position !== undefined) this.#positions?.set(id, position)',
        '',
        'an id that occurs twice is known after its older position is evicted',
      ],
    ],
  ),
]
