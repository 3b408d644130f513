/**
 * Whether an error may be over soon: those of connections, and what a server says that is starting, failing over or busy. All
 * other answers of a server would be the same again.
 */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error instanceof Error ? error.message : String(error))
  return code === undefined || TRANSIENT.test(code)
}

const TRANSIENT = /^(LOADING|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|READONLY|BUSY|UNBLOCKED)$/

/**
 * Redis 6.2 puts where it was before what a script's command has said, and a dash before that, if it is the server's own word:
 * `ERR Error running script (call to f_…): @user_script:58: @user_script: 58: -OOM command not allowed …`.
 */
const WHERE = /^(?:ERR Error running script \(call to \w+\): )?(?:@user_script: ?\d+: )+-?/

/** The code in capitals that an answer of a server begins with; undefined if it is none. */
function codeOf(message: string): string | undefined {
  const where = WHERE.exec(message)?.[0] ?? ''
  const [code] = /^[A-Z]{2,}\b/.exec(message.slice(where.length)) ?? []
  // What a script may not do Redis 6.2 says without any.
  return code ?? (where === '' ? undefined : 'ERR')
}
