import { answerFailure, setStreamHead, unsetStreamHead } from './head.js'
import type { RespondOptions } from './options.js'
import { drainBody } from './request-headers.js'
import type { ResponseLife } from './response-life.js'

/** Sends the head of a stream and what every stream begins with. @throws what keeps it from being sent */
export function sendHead({ req, res, writer, terms }: ResponseLife, options: RespondOptions): void {
  options.onHead?.()
  try {
    setStreamHead(res, options)
    writer.open()
  } catch (error) {
    unsetStreamHead(res, options)
    // The framework has let go of it by now.
    if (options.onHead !== undefined) answerFailure(res)
    throw error
  }
  writer.write(terms.preamble)
  drainBody(req)
}
