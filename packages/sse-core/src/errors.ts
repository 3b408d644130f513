/** The codes of {@link SseError}. Codes do not change between major versions; messages may. */
export type SseErrorCode =
  | 'ERR_SSE_INVALID_EVENT'
  | 'ERR_SSE_CLOSED'
  | 'ERR_SSE_BACKPLANE'
  | 'ERR_SSE_LIMIT'
  | 'ERR_SSE_HEADERS_SENT'

/**
 * An error that a caller can handle; its `code` says what happened.
 *
 * - `ERR_SSE_INVALID_EVENT`: a field of an event cannot be written; nothing was sent to any client.
 * - `ERR_SSE_CLOSED`: the channel, stream or backplane was closed or has ended.
 * - `ERR_SSE_BACKPLANE`: the broker refused or did not answer in time; see `cause`.
 * - `ERR_SSE_LIMIT`: a configured limit, or one of the broker, was reached.
 * - `ERR_SSE_HEADERS_SENT`: the response had already begun.
 *
 * A mistake in an argument is a `TypeError` or `RangeError` instead. A client that disconnects is not an error.
 */
export class SseError extends Error {
  readonly code: SseErrorCode
  /** The HTTP status for an error response: 503 for `ERR_SSE_LIMIT` and `ERR_SSE_BACKPLANE`, else 500. */
  readonly statusCode: number

  // Not `ErrorOptions`: below ES2022 that type does not exist, and without `skipLibCheck` users would get an error.
  constructor(code: SseErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.name = 'SseError'
    this.code = code
    this.statusCode = code === 'ERR_SSE_LIMIT' || code === 'ERR_SSE_BACKPLANE' ? 503 : 500
  }
}
