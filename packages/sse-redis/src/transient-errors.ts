/**
 * Whether an error may be over soon: errors of connections, and answers of a server that is starting, failing over or busy. All
 * other error answers would be the same again.
 */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error instanceof Error ? error.message : String(error))
  return code === undefined || TRANSIENT.test(code)
}

const TRANSIENT = /^(LOADING|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|READONLY|BUSY|UNBLOCKED)$/

/**
 * Redis 6.2 puts the line of the script before the error of a command, and a dash before some codes:
 * `ERR Error running script (call to f_…): @user_script:58: @user_script: 58: -OOM command not allowed …`.
 */
const WHERE = /^(?:ERR Error running script \(call to \w+\): )?(?:@user_script: ?\d+: )+-?/

/** The code in capitals that an error answer of a server begins with; undefined for other errors. */
function codeOf(message: string): string | undefined {
  const where = WHERE.exec(message)?.[0] ?? ''
  const [code] = /^[A-Z]{2,}\b/.exec(message.slice(where.length)) ?? []
  // Redis 6.2 gives no code if the user of a script lacks a right.
  return code ?? (where === '' ? undefined : 'ERR')
}
