/** The codes of {@link SseError}. Codes do not change between major versions; messages may. */
export type SseErrorCode =
  | 'ERR_SSE_INVALID_EVENT'
  | 'ERR_SSE_CLOSED'
  | 'ERR_SSE_BACKPLANE'
  | 'ERR_SSE_LIMIT'
  | 'ERR_SSE_HEADERS_SENT'

/**
 * A state that a caller can handle; its `code` says which one.
 *
 * - `ERR_SSE_INVALID_EVENT`: a field of an event cannot be written; nothing was sent to anybody.
 * - `ERR_SSE_CLOSED`: the channel, stream or manager has ended.
 * - `ERR_SSE_BACKPLANE`: the broker refused or did not answer; see `cause`.
 * - `ERR_SSE_LIMIT`: a configured limit was reached.
 * - `ERR_SSE_HEADERS_SENT`: the response had already begun.
 *
 * Mistakes in arguments are `TypeError` or `RangeError` instead, and a client that leaves is no error at all.
 */
export class SseError extends Error {
  readonly code: SseErrorCode
  /** The HTTP status that fits when the error answers a request: 503 for a limit or a broker, else 500. */
  readonly statusCode: number

  // Not `ErrorOptions`: there is none for who compiles for less than ES2022 and has the types of libraries checked.
  constructor(code: SseErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'SseError'
    this.code = code
    this.statusCode = code === 'ERR_SSE_LIMIT' || code === 'ERR_SSE_BACKPLANE' ? 503 : 500
  }
}
