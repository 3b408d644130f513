/**
 * An error for a call that may fail later, made when the call is made: so its stack names the line of the test. One that is
 * made at the time of the failure has only timers and sockets on its stack. Its message is set when it is known.
 *
 * @param call the public function that was called; the stack leaves it out, and what it has called
 */
export function errorOfCall(call: (...args: never[]) => unknown): Error {
  const error = new Error()
  Error.captureStackTrace(error, call)
  return error
}
