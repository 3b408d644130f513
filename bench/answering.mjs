/** What the bench passed to this script. */
export const options = JSON.parse(process.argv[2] ?? '{}')

/**
 * The other end of a `Script`: reports that it is ready, and answers calls from now on.
 *
 * @param {unknown} ready
 * @param {Record<string, (...args: any[]) => unknown>} calls
 */
export function answer(ready, calls) {
  process.on('message', async (/** @type {any} */ { id, name, args }) => {
    try {
      const call = calls[name]
      if (call === undefined) throw new Error(`there is no call ${name}`)
      send({ id, value: await call(...args) })
    } catch (error) {
      send({ id, error: error instanceof Error ? error.stack : String(error) })
    }
  })
  process.on('disconnect', exit)
  send({ id: 'ready', value: ready })
}

/** @param {unknown} message */
function send(message) {
  if (process.connected) process.send?.(message)
}

/** Stops answering, and keeps running for as long as something is open. */
export function takeLeave() {
  process.off('disconnect', exit)
  process.disconnect()
}

/** Without the bench there is nothing to do, whether it has finished or was interrupted. */
function exit() {
  process.exit()
}
